// In the page: when does a region of the board's canvas change? Times are wall-clock ms, one clock for all pages.
(() => {
  const small = document.createElement("canvas");
  small.width = small.height = 24;
  const context = small.getContext("2d", { willReadFrequently: true });
  const wall = () => performance.timeOrigin + performance.now();

  const look = ([x, y, width, height]) => {
    const board = document.querySelector("canvas.static");
    const scale = board.width / board.clientWidth;
    context.fillStyle = "white";
    context.fillRect(0, 0, 24, 24);
    context.drawImage(board, x * scale, y * scale, width * scale, height * scale, 0, 0, 24, 24);
    return context.getImageData(0, 0, 24, 24).data;
  };

  const differs = (a, b) => {
    for (let i = 0; i < a.length; i++) if (Math.abs(a[i] - b[i]) > 24) return true;
    return false;
  };

  window.__bench = {
    watch(region) {
      const before = look(region);
      this.seen = new Promise((resolve) => {
        const frame = () => (differs(look(region), before) ? resolve(wall()) : requestAnimationFrame(frame));
        requestAnimationFrame(frame);
      });
    },
    // The first move with the button down is what draws something.
    drawn() {
      this.began = new Promise((resolve) => {
        const move = (event) => {
          if (!event.buttons) return;
          window.removeEventListener("pointermove", move, true);
          resolve(wall());
        };
        window.addEventListener("pointermove", move, true);
      });
    },
    // Push `count` versions of one element, one every `pause` ms, on a socket of its own; ms from push to ack of each.
    async acks(path, count, pause) {
      const socket = new WebSocket(path.replace(/^/, location.origin.replace("http", "ws")), "board.v1");
      const sent = new Map();
      const times = [];
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send(JSON.stringify({ type: "hello", protocol: 1 }));
      const finished = new Promise((resolve) => {
        socket.onmessage = ({ data }) => {
          const message = JSON.parse(data);
          if (message.type !== "ack") return;
          times.push(performance.now() - sent.get(message.ref));
          if (times.length === count) resolve();
        };
      });
      const points = Array.from({ length: 120 }, (_, i) => [i * 3.5, Math.sin(i / 9) * 40]);
      for (let version = 1; version <= count; version++) {
        const element = {
          id: "bench-acks", type: "freedraw", x: 0, y: 5000, width: 420, height: 80, angle: 0, strokeColor: "#1e1e1e",
          backgroundColor: "transparent", fillStyle: "solid", strokeWidth: 2, strokeStyle: "solid", roughness: 1,
          opacity: 100, groupIds: [], frameId: null, index: "a0Zz", roundness: null, seed: 1, version,
          versionNonce: version, isDeleted: version === count, boundElements: null, updated: Date.now(), link: null,
          locked: false, points, pressures: [], simulatePressure: true, lastCommittedPoint: null,
        };
        sent.set(`b${version}`, performance.now());
        socket.send(JSON.stringify({ type: "push", id: `b${version}`, elements: [element] }));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      await finished;
      socket.close();
      return times;
    },
  };
})();
