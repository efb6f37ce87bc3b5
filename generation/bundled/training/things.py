"""Things a person would draw on a board, as parts with colours; add one by writing a function and a line in THINGS."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np

from .shapes import Drawing, Pen, Points, blob, caption, curve, heart, move, oval, poly, rect, star


# fmt: off
def house(p: Pen) -> None:
    w, h, top = p.u(44, 66), p.u(30, 44), p.u(22, 32)
    x, y, over = 50 - w / 2, 92 - h, p.u(3, 9)
    p.fill(rect(x, y, w, h), p.color("walls", "beige", "white", "yellow", "light blue", free=0.4))
    if p.rng.random() < 0.4:
        p.fill(rect(x + w * 0.68, y - top * 0.85, w * 0.14, top * 0.7), p.some("brown", "gray"), minor=True)
    p.fill(poly(x - over, y, 50, y - top, x + w + over, y), p.color("roof", "red", "brown", "orange"))
    dw, dx = w * p.u(0.18, 0.26), x + w * p.u(0.1, 0.6)
    p.fill(rect(dx, 92 - h * 0.58, dw, h * 0.58), p.color("door", "brown", "red", "blue"))
    wx = x + w * 0.62 if dx < x + w * 0.32 else x + w * 0.1
    if abs(wx - dx) > dw:
        p.fill(rect(wx, y + h * 0.2, w * 0.24, h * 0.32), p.some("light blue", "yellow"), minor=True)


def tree(p: Pen) -> None:
    r, tw = p.u(24, 34), p.u(6, 12)
    p.fill(rect(50 - tw / 2, 50, tw, 42), p.color("trunk", "brown", free=0.1))
    leaves = p.color("leaves", "green", free=0.3)
    if p.rng.random() < 0.5:
        p.fill(oval(50, 38, r, r * p.u(0.85, 1.15)), leaves)
    else:
        p.fill(blob(24, 48, 22, 34, 36, 18, 54, 12, 72, 22, 78, 40, 70, 56, 50, 60, 32, 58), leaves)
    if p.rng.random() < 0.25:
        fruit = p.color("fruit", "red", free=0.3)
        for _ in range(4):
            p.fill(oval(50 + p.u(-16, 16), 38 + p.u(-16, 16), 3.2), fruit, minor=True)


def pine(p: Pen) -> None:
    p.fill(rect(45, 74, 10, 18), p.some("brown"))
    green, w = p.color("", "green", free=0.15), p.u(22, 32)
    for k in (2, 1, 0):
        p.fill(
            poly(
                50 - w * (0.5 + 0.25 * k), 38 + 20 * k, 50, 8 + 20 * k, 50 + w * (0.5 + 0.25 * k), 38 + 20 * k
            ),
            green,
        )


def sun(p: Pen) -> None:
    c, r = p.color("", "yellow", "orange", free=0.15), p.u(18, 26)
    n = p.rng.choice((8, 10, 12))
    for k in range(n):
        a = 2 * math.pi * k / n
        x, y = math.cos(a), math.sin(a)
        p.line(poly(50 + x * (r + 5), 50 + y * (r + 5), 50 + x * (r + p.u(14, 20)), 50 + y * (r + 16)), c, 4)
    p.fill(oval(50, 50, r), c)


def moon(p: Pen) -> None:
    outer, inner = oval(50, 50, 38, 38, 60, 300), oval(62, 50, 32, 36, 290, 70)
    p.fill(np.concatenate([outer, inner]), p.color("", "yellow", "gray", free=0.25))


def cloud(p: Pen) -> None:
    p.fill(
        blob(14, 70, 10, 56, 24, 46, 32, 32, 50, 26, 66, 36, 80, 40, 90, 56, 84, 70, 50, 74),
        p.color("", "light blue", "gray", free=0.2),
    )


def a_star(p: Pen) -> None:
    p.fill(star(50, 52, p.u(36, 44), inner=p.u(0.38, 0.52)), p.color("", "yellow", "orange"))


def a_heart(p: Pen) -> None:
    p.fill(heart(50, 52, p.u(34, 42)), p.color("", "red", "pink"))


def flower(p: Pen) -> None:
    n, y, r = p.rng.choice((5, 6, 7, 8)), p.u(32, 38), p.u(9, 12)
    p.line(curve(50, y, 50 + p.u(-4, 4), 66, 50, 95), p.some("green"), 5)
    p.fill(blob(50, 84, 60, 72, 76, 68, 68, 82), p.some("green"), minor=True)
    petals = p.color("petals", "pink", "red", "yellow", "purple", "white", free=0.6)
    for k in range(n):
        a = 2 * math.pi * k / n
        p.fill(oval(50 + 16 * math.cos(a), y + 16 * math.sin(a), r), petals)
    p.fill(oval(50, y, p.u(9, 12)), p.color("center", "yellow", "brown", "orange", free=0.15))


def tulip(p: Pen) -> None:
    p.line(poly(50, 45, 50, 95), p.some("green"), 5)
    p.fill(blob(50, 92, 58, 70, 72, 54, 66, 80), p.some("green"), minor=True)
    p.fill(
        poly(*curve(28, 16, 28, 40, 50, 54, 72, 40, 72, 16).ravel(), 60, 30, 50, 14, 40, 30),
        p.color("", "red", "pink", "yellow", "purple", free=0.4),
    )


def apple(p: Pen) -> None:
    p.fill(
        blob(50, 30, 66, 24, 84, 36, 82, 62, 66, 88, 50, 84, 34, 88, 18, 62, 16, 36, 34, 24),
        p.color("", "red", "green", free=0.35),
    )
    p.line(curve(50, 32, 50, 22, 56, 12), p.some("brown"), 4)
    if p.rng.random() < 0.6:
        p.fill(blob(54, 20, 64, 10, 78, 12, 68, 22), p.some("green"))


def round_fruit(*usual: str) -> Callable[[Pen], None]:
    def draw(p: Pen) -> None:
        p.fill(oval(50, 56, p.u(30, 36), p.u(28, 36)), p.color("", *usual, free=0.2))
        p.line(poly(50, 26, 52 + p.u(-2, 4), 16), p.some("brown", "green"), 4)
        p.fill(blob(52, 24, 62, 14, 74, 18, 64, 26), p.some("green"), minor=True)

    return draw


def pear(p: Pen) -> None:
    p.fill(
        blob(50, 20, 60, 26, 64, 44, 78, 62, 72, 86, 50, 92, 28, 86, 22, 62, 36, 44, 40, 26),
        p.color("", "green", "yellow", free=0.2),
    )
    p.line(poly(50, 22, 54, 10), p.some("brown"), 4)


def banana(p: Pen) -> None:
    p.fill(
        blob(18, 28, 24, 24, 34, 50, 56, 66, 84, 62, 88, 70, 62, 86, 34, 76, 20, 54),
        p.color("", "yellow", free=0.15),
    )


def carrot(p: Pen) -> None:
    for x in (38, 50, 62):
        p.line(curve(50, 34, x, 20, x + (x - 50) * 0.4, 8), p.some("green"), 5)
    p.fill(blob(34, 36, 50, 30, 66, 36, 60, 64, 50, 94, 40, 64), p.color("", "orange", free=0.15))


def cherry(p: Pen) -> None:
    for x, y in ((32, 72), (68, 76)):
        p.line(curve(x, y - 12, 46, 34, 58, 12), p.some("green"), 3)
    c = p.color("", "red", free=0.2)
    for x, y in ((32, 72), (68, 76)):
        p.fill(oval(x, y, 17), c)


def boat(p: Pen) -> None:
    mast = p.u(44, 56)
    p.line(poly(mast, 68, mast, 10), p.some("brown"), 3)
    sail = p.color("sail", "white", "light blue", "red", free=0.55)
    p.fill(poly(mast + 3, 12, mast + p.u(28, 38), 60, mast + 3, 60), sail)
    if p.rng.random() < 0.55:
        p.fill(poly(mast - 3, 18, mast - p.u(20, 30), 60, mast - 3, 60), sail)
    p.fill(
        poly(10, 68, 90, 68, 90 - p.u(8, 16), 90, 10 + p.u(8, 16), 90),
        p.color("hull", "brown", "red", "blue"),
    )


def ship(p: Pen) -> None:
    p.fill(rect(56, 20, 12, 26), p.color("funnel", "red", "orange", free=0.3))
    p.fill(rect(30, 44, 46, 20), p.some("white", "beige"))
    for x in (36, 48, 60):
        p.fill(oval(x + 4, 54, 3.5), p.some("light blue"), minor=True)
    p.fill(poly(6, 62, 94, 62, 82, 90, 20, 90), p.color("", "blue", "red", "black"))


def wheels(p: Pen, xs: tuple[float, ...], y: float, r: float) -> None:
    for x in xs:
        p.fill(oval(x, y, r), p.some("black"))
        p.fill(oval(x, y, r * 0.45), p.some("gray", "white"), minor=True)


def car(p: Pen) -> None:
    c, roof = p.color("", "red", "blue", "yellow", free=0.7), p.u(20, 26)
    p.fill(poly(24, 52, 34, 52 - roof, 66, 52 - roof, 80, 52), c)
    p.fill(poly(31, 52, 38, 56 - roof, 49, 56 - roof, 49, 52), p.some("light blue"), minor=True)
    p.fill(poly(53, 52, 53, 56 - roof, 64, 56 - roof, 73, 52), p.some("light blue"), minor=True)
    p.fill(blob(6, 72, 8, 56, 24, 51, 78, 51, 93, 58, 94, 72, 50, 74), c)
    wheels(p, (27, 73), 73, p.u(9, 12))


def bus(p: Pen) -> None:
    p.fill(rect(8, 26, 84, 50), p.color("", "yellow", "red", "blue", free=0.6))
    for k in range(4):
        p.fill(rect(14 + 19 * k, 34, 14, 16), p.some("light blue"), minor=True)
    wheels(p, (28, 72), 77, 9)


def truck(p: Pen) -> None:
    p.fill(rect(6, 26, 54, 48), p.color("box", "white", "gray", "blue"))
    p.fill(poly(62, 42, 80, 42, 93, 58, 93, 74, 62, 74), p.color("cab", "red", "blue"))
    p.fill(poly(67, 47, 78, 47, 86, 58, 67, 58), p.some("light blue"), minor=True)
    wheels(p, (24, 76), 76, 9.5)


def train(p: Pen) -> None:
    c = p.color("", "red", "blue", "green", free=0.6)
    p.fill(rect(8, 26, 30, 48), c)
    p.fill(rect(14, 32, 18, 16), p.some("light blue"), minor=True)
    p.fill(rect(38, 46, 50, 28), c)
    p.fill(poly(70, 46, 68, 26, 82, 26, 80, 46), p.some("black", "gray"))
    wheels(p, (22, 48, 72), 78, 9)


def bicycle(p: Pen) -> None:
    ink = p.some("black", "gray")
    for x in (24, 76):
        p.line(oval(x, 68, 18), ink, 4)
    c = p.color("", "red", "blue", "green", free=0.7)
    for line in (poly(24, 68, 40, 42, 68, 42, 48, 68, 24, 68), poly(48, 68, 38, 36), poly(76, 68, 66, 32)):
        p.line(line, c, 4.5)
    p.line(poly(31, 35, 45, 35), ink, 5)
    p.line(curve(58, 28, 66, 32, 74, 28), ink, 4)


def plane(p: Pen) -> None:
    c = p.color("", "white", "light blue", "gray", "red")
    p.fill(poly(16, 48, 8, 24, 20, 24, 32, 46), c)
    p.fill(blob(8, 50, 20, 44, 70, 44, 90, 50, 92, 58, 70, 62, 20, 60), c)
    p.fill(poly(42, 54, 60, 54, 44, 84, 32, 84), p.color("wings", "blue", "gray", "red"))
    for x in (44, 56, 68):
        p.fill(oval(x, 50, 2.6), p.some("blue"), minor=True)


def rocket(p: Pen) -> None:
    w = p.u(13, 18)
    p.fill(blob(50 - w * 0.6, 78, 50, 98, 50 + w * 0.6, 78), p.color("flame", "orange", "yellow", free=0.1), minor=True)
    fins = p.color("fins", "red", "blue", "orange")
    for s in (-1, 1):
        p.fill(poly(50 + s * w, 56, 50 + s * (w + p.u(10, 16)), 84, 50 + s * w, 78), fins)
    if p.rng.random() < 0.5:
        p.fill(rect(50 - w, 32, 2 * w, 48), p.color("", "white", "gray", "light blue"))
        p.fill(poly(50 - w, 32, 50, 6, 50 + w, 32), p.some("red", "orange"))
    else:
        p.fill(
            blob(50, 6, 50 + w, 32, 50 + w, 62, 50 + w * 0.7, 80, 50 - w * 0.7, 80, 50 - w, 62, 50 - w, 32),
            p.color("", "white", "gray", "red"),
        )
    p.fill(oval(50, 42, p.u(6, 8)), p.some("light blue", "blue"))


def mug(p: Pen) -> None:
    c = p.color("", "red", "blue", "white", "green", free=0.7)
    p.line(oval(70, 58, 15, 16, -85, 85), c, 6)
    p.fill(rect(22, 34, 48, 54), c)
    p.fill(oval(46, 34, 24, 5), p.some("brown"), minor=True)
    for x in (36, 48, 60):
        p.line(curve(x, 26, x + 3, 20, x - 3, 14, x, 8), p.some("gray"), 2.5, minor=True)


def fish(p: Pen) -> None:
    c, h = p.color("", "orange", "blue", "red", free=0.65), p.u(18, 25)
    s = p.u(20, 26)
    p.fill(
        poly(70, 50, 94, 50 - s, 88, 50, 94, 50 + s),
        p.color("tail", "orange", "yellow", free=0.3) if p.rng.random() < 0.4 else c,
    )
    p.fill(blob(50, 50 - h * 0.8, 40, 50 - h * 1.35, 60, 50 - h * 1.1), c, minor=True)
    p.fill(oval(43, 50, 36, h), c)
    p.fill(oval(22, 45, 4), "#2a2523")


def face_of(
    ear: Callable[[Pen, float, str], None], *usual: str, nose: str = "pink", muzzle: bool = False
) -> Callable[[Pen], None]:
    def draw(p: Pen) -> None:
        c, r = p.color("", *usual, free=0.25), p.u(28, 34)
        ear(p, r, c)
        p.fill(oval(50, 56, r, r * p.u(0.85, 1.0)), c)
        if muzzle:
            p.fill(oval(50, 68, r * 0.45, r * 0.34), p.some("beige", "white"), minor=True)
        p.eyes(50, 50, r * p.u(0.32, 0.45))
        p.fill(poly(45, 60, 55, 60, 50, 66), p.some(nose))
        p.line(curve(42, 72, 46, 74, 50, 69, 54, 74, 58, 72), "#3a2f2b", 2, minor=True)

    return draw


def pointed_ears(p: Pen, r: float, css: str) -> None:
    h = p.u(10, 18)
    for s in (-1, 1):
        p.fill(poly(50 + s * r * 0.95, 50, 50 + s * r * 0.9, 30 - h, 50 + s * r * 0.2, 32), css)


def cat_ears(p: Pen, r: float, css: str) -> None:
    pointed_ears(p, r, css)
    if p.rng.random() < 0.6:
        for s in (-1, 1):
            for d in (-3, 3):
                p.line(
                    poly(50 + s * r * 0.6, 64 + d * 0.5, 50 + s * (r + 12), 64 + d * 1.6),
                    "#3a2f2b",
                    1.6,
                    minor=True,
                )


def round_ears(p: Pen, r: float, css: str) -> None:
    for s in (-1, 1):
        p.fill(oval(50 + s * r * 0.8, 56 - r * 0.8, r * 0.38), css)


def long_ears(p: Pen, r: float, css: str) -> None:
    for s in (-1, 1):
        p.fill(oval(50 + s * r * 0.45, 20, r * 0.24, 20), css)


def floppy_ears(p: Pen, r: float, css: str) -> None:
    c = p.some("brown", "black")
    for s in (-1, 1):
        p.fill(
            blob(50 + s * r * 0.7, 34, 50 + s * r * 1.25, 42, 50 + s * r * 1.3, 70, 50 + s * r * 0.95, 66), c
        )


def cat(p: Pen) -> None:
    c = p.color("", "orange", "gray", "black", "white", free=0.2)
    p.line(curve(74, 84, 90, 76, 86, 56, 92, 46), c, 6)
    p.fill(blob(34, 90, 34, 64, 50, 54, 68, 64, 74, 90), c)
    for s in (-1, 1):
        p.fill(poly(50 + s * 19, 40, 50 + s * 18, 12, 50 + s * 4, 24), c)
    p.fill(oval(50, 38, 21, 18), c)
    p.eyes(50, 36, 8, 2.4)
    p.fill(poly(47, 42, 53, 42, 50, 46), p.some("pink"), minor=True)


def dog(p: Pen) -> None:
    c = p.color("", "brown", "beige", "orange", free=0.2)
    p.line(curve(18, 56, 8, 46, 10, 34), c, 6)
    p.fill(blob(16, 52, 40, 48, 66, 50, 70, 64, 40, 70, 16, 68), c)
    for x in (18, 28, 56, 64):
        p.fill(rect(x, 62, 7, 28), c)
    p.fill(blob(58, 50, 60, 30, 78, 26, 84, 36, 94, 42, 90, 50, 74, 54), c)
    p.fill(blob(60, 28, 70, 28, 66, 46, 58, 46), p.some("brown", "black"))
    p.fill(oval(78, 36, 2.4), "#2a2523", minor=True)
    p.fill(oval(93, 43, 3), "#2a2523", minor=True)


def smiley(p: Pen) -> None:
    p.fill(oval(50, 50, p.u(36, 42)), p.color("", "yellow", free=0.2))
    p.eyes(50, 42, 14, 4)
    p.line(curve(32, 60, 40, 70, 50, 73, 60, 70, 68, 60), "#3a2f2b", 4)


def bird(p: Pen) -> None:
    c = p.color("", "blue", "red", "yellow", free=0.6)
    for x in (44, 54):
        p.line(poly(x, 74, x, 92), p.some("orange"), 3)
    p.fill(poly(10, 48, 30, 58, 14, 66), c)
    p.fill(blob(24, 60, 40, 44, 54, 36, 62, 22, 78, 22, 82, 36, 76, 60, 56, 78, 36, 74), c)
    p.fill(blob(34, 58, 56, 50, 60, 62, 44, 70), p.color("wing", "light blue", "orange", "brown"), minor=True)
    p.fill(poly(82, 27, 95, 32, 82, 36), p.some("orange", "yellow"))
    p.fill(oval(72, 30, 2.8), "#2a2523")


def duck(p: Pen) -> None:
    p.fill(
        blob(8, 56, 28, 60, 50, 52, 54, 30, 66, 18, 80, 24, 80, 40, 76, 52, 80, 68, 62, 86, 28, 84),
        p.color("", "yellow", free=0.2),
    )
    p.fill(poly(81, 28, 96, 34, 81, 38), p.some("orange"))
    p.fill(oval(70, 30, 2.8), "#2a2523")


def owl(p: Pen) -> None:
    p.fill(
        blob(50, 94, 24, 80, 22, 40, 24, 14, 40, 22, 60, 22, 76, 14, 78, 40, 76, 80),
        p.color("", "brown", "gray", free=0.3),
    )
    p.fill(oval(50, 72, 16, 18), p.some("beige"), minor=True)
    for s in (-1, 1):
        p.fill(oval(50 + s * 13, 42, 12), p.some("white"))
        p.fill(oval(50 + s * 13, 42, 5), "#2a2523")
    p.fill(poly(45, 52, 55, 52, 50, 62), p.some("orange"))


def penguin(p: Pen) -> None:
    p.fill(oval(40, 92, 9, 4), p.some("orange"))
    p.fill(oval(60, 92, 9, 4), p.some("orange"))
    p.fill(
        blob(50, 8, 70, 20, 76, 56, 68, 90, 32, 90, 24, 56, 30, 20), p.color("", "black", "blue", free=0.15)
    )
    p.fill(blob(50, 30, 64, 42, 62, 84, 38, 84, 36, 42), p.some("white"))
    p.eyes(50, 24, 8, 2.6)
    p.fill(poly(44, 32, 56, 32, 50, 40), p.some("orange"))


def butterfly(p: Pen) -> None:
    c = p.color("wings", "orange", "blue", "purple", "pink", free=0.6)
    for s in (-1, 1):
        p.fill(blob(50, 46, 50 + s * 20, 16, 50 + s * 42, 18, 50 + s * 36, 46, 50, 52), c)
        p.fill(blob(50, 52, 50 + s * 30, 54, 50 + s * 30, 80, 50 + s * 12, 78), c)
        p.line(curve(50, 28, 50 + s * 8, 16, 50 + s * 14, 14), "#2a2523", 2, minor=True)
    p.fill(oval(50, 50, 4, 24), p.some("brown", "black"))


def ladybug(p: Pen) -> None:
    p.fill(oval(50, 28, 15, 13), p.some("black"))
    p.fill(oval(50, 58, 32, 32), p.color("", "red", free=0.2))
    p.line(poly(50, 27, 50, 89), "#2a2523", 3)
    for x, y in ((36, 48), (64, 48), (34, 68), (66, 68)):
        p.fill(oval(x, y, 5), p.some("black"), minor=True)


def snail(p: Pen) -> None:
    p.fill(blob(8, 84, 60, 80, 74, 56, 86, 54, 90, 66, 80, 88), p.some("beige", "yellow"))
    p.fill(oval(42, 56, 27), p.color("shell", "brown", "orange", "purple"))
    p.line(curve(42, 56, 50, 52, 46, 44, 34, 48, 34, 62, 48, 68, 58, 56), "#3a2f2b", 2.5, minor=True)
    for x in (80, 88):
        p.line(poly(x, 56, x + 3, 42), p.some("brown"), 2)


def whale(p: Pen) -> None:
    p.fill(
        blob(8, 56, 16, 38, 44, 34, 66, 50, 80, 48, 78, 34, 88, 40, 97, 34, 92, 56, 76, 78, 40, 84, 14, 76),
        p.color("", "blue", free=0.2),
    )
    p.fill(oval(24, 56, 2.8), "#2a2523")
    p.line(curve(36, 32, 36, 22, 28, 16), p.some("light blue"), 3, minor=True)
    p.line(curve(36, 32, 36, 22, 44, 16), p.some("light blue"), 3, minor=True)


def turtle(p: Pen) -> None:
    skin = p.some("green")
    for x in (28, 58):
        p.fill(rect(x, 62, 12, 20), skin)
    p.fill(oval(82, 54, 13, 11), skin)
    p.fill(oval(86, 51, 2.4), "#2a2523", minor=True)
    p.fill(
        np.concatenate([oval(46, 66, 34, 36, 180, 360), poly(80, 66, 12, 66)]),
        p.color("shell", "green", "brown", free=0.35),
    )


def balloon(p: Pen) -> None:
    p.line(curve(50, 66, 46, 78, 54, 86, 50, 97), p.some("gray"), 2)
    p.fill(poly(46, 70, 54, 70, 50, 63), p.some("red"), minor=True)
    p.fill(oval(50, 36, p.u(25, 30), p.u(28, 32)), p.color("", "red", "blue", "yellow", free=0.7))


def hot_air_balloon(p: Pen) -> None:
    for x in (40, 60):
        p.line(poly(x, 60, 50 + (x - 50) * 0.6, 78), p.some("brown"), 2)
    p.fill(rect(42, 78, 16, 13), p.some("brown"))
    p.fill(
        blob(50, 6, 78, 18, 80, 42, 60, 64, 40, 64, 20, 42, 22, 18),
        p.color("", "red", "orange", "blue", free=0.6),
    )
    p.fill(blob(50, 6, 60, 30, 56, 65, 44, 65, 40, 30), p.some("yellow", "white", "orange"), minor=True)


def umbrella(p: Pen) -> None:
    p.line(np.concatenate([poly(50, 12, 50, 82), oval(57, 82, 7, 8, 180, 0)]), p.some("brown", "gray"), 4)
    top = oval(50, 52, 42, 38, 180, 360)
    p.fill(
        np.concatenate([top, poly(92, 52, 78, 46, 64, 52, 50, 46, 36, 52, 22, 46)]),
        p.color("", "red", "blue", "purple", free=0.7),
    )


def mushroom(p: Pen) -> None:
    p.fill(blob(40, 52, 60, 52, 64, 90, 36, 90), p.some("beige", "white"))
    p.fill(
        np.concatenate([oval(50, 56, p.u(34, 42), p.u(34, 44), 180, 360), poly(50, 62)]),
        p.color("cap", "red", "brown", free=0.35),
    )
    for x, y in ((36, 40), (52, 30), (66, 44)):
        p.fill(oval(x, y, p.u(4, 6)), p.some("white"), minor=True)


def cactus(p: Pen) -> None:
    c = p.some("green")
    for s in (-1, 1):
        p.line(curve(50, 58, 50 + s * 24, 56, 50 + s * 26, 46, 50 + s * 26, 32), c, 11)
    p.fill(blob(40, 80, 40, 24, 50, 12, 60, 24, 60, 80), c)
    p.fill(poly(30, 74, 70, 74, 64, 95, 36, 95), p.color("pot", "orange", "brown", "red"))


def cake(p: Pen) -> None:
    p.fill(rect(14, 56, 72, 34), p.color("", "brown", "beige", "pink"))
    p.fill(
        blob(14, 54, 50, 48, 86, 54, 84, 66, 70, 62, 60, 70, 44, 62, 30, 70, 16, 64),
        p.color("icing", "pink", "white", "light blue"),
    )
    for x in (34, 50, 66):
        p.line(poly(x, 52, x, 34), p.some("blue", "red", "yellow"), 4)
        p.fill(oval(x, 28, 2.6, 4.5), p.some("orange", "yellow"), minor=True)


def cupcake(p: Pen) -> None:
    p.fill(poly(26, 58, 74, 58, 66, 92, 34, 92), p.color("wrapper", "blue", "brown", "red"))
    p.fill(
        blob(22, 60, 22, 46, 36, 36, 42, 20, 58, 20, 64, 36, 78, 46, 78, 60),
        p.color("icing", "pink", "white", "purple"),
    )
    p.fill(oval(50, 16, 6), p.some("red"))


def ice_cream(p: Pen) -> None:
    p.fill(poly(30, 46, 70, 46, 50, 96), p.some("orange", "beige", "brown"))
    p.fill(oval(50, 34, 23, 21), p.color("", "pink", "brown", "white", "light blue", free=0.4))


def donut(p: Pen) -> None:
    p.fill(oval(50, 50, 40), p.some("brown", "orange"))
    p.fill(
        blob(50, 14, 76, 22, 86, 48, 78, 72, 52, 84, 26, 76, 14, 50, 24, 24),
        p.color("icing", "pink", "brown", "white", free=0.4),
    )
    p.fill(oval(50, 50, 12), "#ffffff")


def pizza(p: Pen) -> None:
    p.fill(poly(12, 22, 88, 22, 50, 94), p.some("yellow"))
    p.line(curve(10, 22, 50, 14, 90, 22), p.some("brown"), 9)
    for x, y in ((36, 38), (60, 36), (50, 60)):
        p.fill(oval(x, y, 6), p.some("red"), minor=True)


def egg(p: Pen) -> None:
    p.fill(
        blob(50, 10, 74, 36, 78, 64, 62, 88, 38, 88, 22, 64, 26, 36), p.color("", "beige", "white", free=0.5)
    )


def mountain(p: Pen) -> None:
    x, y = p.u(44, 56), p.u(12, 24)
    if p.rng.random() < 0.5:
        p.fill(poly(44, 88, 76, 38, 98, 88), p.some("gray", "brown", "green"))
    p.fill(poly(4, 88, x, y, 92, 88), p.color("", "gray", "brown", "blue", "green", free=0.25))
    p.fill(poly(x - 12, y + 20, x, y, x + 11, y + 20, x + 4, y + 15, x - 3, y + 22), p.some("white"))


def volcano(p: Pen) -> None:
    p.fill(poly(8, 90, 36, 34, 64, 34, 92, 90), p.color("", "brown", "gray", free=0.2))
    p.fill(poly(36, 34, 64, 34, 68, 44, 60, 56, 54, 46, 46, 58, 40, 46), p.some("red", "orange"))


def snowman(p: Pen) -> None:
    for y, r in ((74, 21), (44, 16), (22, 12)):
        p.fill(oval(50, y, r), p.some("light blue", "white"))
    p.fill(rect(40, 3, 20, 11), p.color("hat", "black", "red", "blue"))
    p.eyes(50, 20, 4, 1.6)
    p.fill(poly(50, 24, 62, 26, 50, 28), p.some("orange"))
    p.line(curve(36, 34, 50, 38, 64, 34), p.color("scarf", "red", "green", "blue"), 5)


def robot(p: Pen) -> None:
    c = p.color("", "gray", "blue", "light blue", "red")
    p.line(poly(50, 22, 50, 8), p.some("gray"), 3)
    p.fill(oval(50, 8, 4), p.some("red", "yellow"))
    for x in (14, 76):
        p.fill(rect(x, 54, 10, 26), p.some("gray"))
    p.fill(rect(26, 52, 48, 40), c)
    p.fill(rect(30, 20, 40, 28), c)
    for x in (41, 59):
        p.fill(oval(x, 32, 5), p.some("yellow", "white", "light blue"))
    p.line(poly(40, 42, 60, 42), "#2a2523", 3, minor=True)


def ghost(p: Pen) -> None:
    p.fill(
        np.concatenate(
            [oval(50, 44, 30, 34, 180, 360), poly(80, 90, 70, 80, 60, 90, 50, 80, 40, 90, 30, 80, 20, 90)]
        ),
        p.color("", "white", "light blue", "gray", "purple", free=0.3),
    )
    p.eyes(50, 44, 11, 4)


def pumpkin(p: Pen) -> None:
    c = p.color("", "orange", free=0.15)
    p.line(curve(50, 34, 50, 22, 58, 14), p.some("green"), 6)
    for x, r in ((28, 20), (72, 20), (50, 22)):
        p.fill(oval(x, 60, r, 29), c)


def gift(p: Pen) -> None:
    p.fill(rect(16, 40, 68, 50), p.color("", "red", "blue", "green", "purple", free=0.6))
    ribbon = p.color("ribbon", "yellow", "red", "white")
    p.fill(rect(45, 40, 10, 50), ribbon)
    for s in (-1, 1):
        p.fill(blob(50, 40, 50 + s * 10, 20, 50 + s * 26, 22, 50 + s * 22, 38), ribbon)


def crown(p: Pen) -> None:
    p.fill(
        poly(14, 84, 10, 30, 32, 54, 50, 20, 68, 54, 90, 30, 86, 84),
        p.color("", "yellow", "orange", free=0.2),
    )
    for x in (30, 50, 70):
        p.fill(oval(x, 72, 4.5), p.some("red", "blue", "green"), minor=True)


def flag(p: Pen) -> None:
    p.line(poly(20, 8, 20, 95), p.some("brown", "gray"), 4)
    p.fill(
        blob(22, 14, 44, 18, 66, 10, 88, 16, 86, 54, 64, 50, 44, 58, 22, 52),
        p.color("", "red", "blue", "green", "yellow", free=0.7),
    )


def tent(p: Pen) -> None:
    p.fill(poly(6, 88, 50, 18, 94, 88), p.color("", "orange", "green", "red", "blue", free=0.6))
    p.fill(poly(36, 88, 50, 46, 64, 88), p.some("brown", "black"))


def castle(p: Pen) -> None:
    stone = p.color("", "gray", "beige", free=0.3)
    p.fill(
        poly(28, 92, 28, 46, 36, 46, 36, 52, 46, 52, 46, 46, 54, 46, 54, 52, 64, 52, 64, 46, 72, 46, 72, 92),
        stone,
    )
    roof = p.color("roof", "red", "blue", "purple")
    for x in (10, 68):
        p.fill(rect(x, 36, 22, 56), stone)
        p.fill(poly(x - 3, 36, x + 11, 10, x + 25, 36), roof)
        p.fill(rect(x + 8, 48, 6, 10), p.some("black", "blue"), minor=True)
    p.fill(np.concatenate([oval(50, 78, 9, 11, 180, 360), poly(59, 92, 41, 92)]), p.some("brown"))


def lighthouse(p: Pen) -> None:
    p.fill(poly(38, 34, 62, 34, 68, 92, 32, 92), p.some("white"))
    c = p.color("stripes", "red", "blue", free=0.3)
    p.fill(poly(36.5, 48, 63.5, 48, 65, 62, 35, 62), c)
    p.fill(poly(34, 76, 66.5, 76, 68, 92, 32, 92), c)
    p.fill(rect(40, 20, 20, 14), p.some("yellow"))
    p.fill(poly(36, 20, 50, 7, 64, 20), c)


def hat(p: Pen) -> None:
    c = p.color("", "black", "brown", "red", "blue", free=0.6)
    p.fill(oval(50, 74, 44, 9), c)
    p.fill(rect(28, 26, 44, 46), c)
    p.fill(rect(28, 60, 44, 11), p.color("band", "red", "yellow", "white", "black"))


def shirt(p: Pen) -> None:
    p.fill(
        poly(36, 14, 64, 14, 92, 32, 82, 50, 72, 42, 72, 90, 28, 90, 28, 42, 18, 50, 8, 32),
        p.color("", "blue", "red", "green", free=0.8),
    )


def book(p: Pen) -> None:
    p.fill(rect(20, 12, 60, 76), p.color("", "red", "blue", "green", "brown", free=0.6))
    p.fill(rect(20, 12, 9, 76), p.some("brown", "gray"))
    p.fill(rect(38, 28, 32, 14), p.some("white", "yellow"), minor=True)


def pencil(p: Pen) -> None:
    p.fill(rect(10, 42, 12, 18), p.some("pink"))
    p.fill(rect(20, 42, 52, 18), p.color("", "yellow", "red", "blue", free=0.5))
    p.fill(poly(72, 42, 94, 51, 72, 60), p.some("beige"))
    p.fill(poly(87, 48, 94, 51, 87, 54), "#2a2523")


def candle(p: Pen) -> None:
    p.fill(rect(38, 36, 24, 56), p.color("", "white", "red", "purple", "beige"))
    p.line(poly(50, 36, 50, 28), "#2a2523", 2)
    p.fill(blob(50, 6, 58, 20, 50, 30, 42, 20), p.some("orange", "yellow"))


def lamp(p: Pen) -> None:
    p.line(poly(50, 46, 50, 86), p.some("brown", "gray"), 5)
    p.fill(oval(50, 88, 20, 5), p.some("brown", "gray"))
    p.fill(poly(36, 12, 64, 12, 80, 50, 20, 50), p.color("", "yellow", "orange", "red"))


def clock(p: Pen) -> None:
    p.fill(oval(50, 50, 40), p.color("", "blue", "red", "brown", "gray"))
    p.fill(oval(50, 50, 33), p.some("white"))
    p.line(poly(50, 50, 50, 28), "#2a2523", 4)
    p.line(poly(50, 50, 50 + p.u(10, 18), 50 + p.u(-10, 14)), "#2a2523", 4)


def chair(p: Pen) -> None:
    c = p.color("", "brown", "red", "blue")
    for x in (26, 66):
        p.fill(rect(x, 56, 7, 38), c)
    p.fill(rect(24, 10, 10, 50), c)
    p.fill(rect(24, 50, 50, 9), c)


def table(p: Pen) -> None:
    c = p.color("", "brown", free=0.4)
    for x in (18, 74):
        p.fill(rect(x, 44, 8, 46), c)
    p.fill(rect(8, 36, 84, 10), c)


def bottle(p: Pen) -> None:
    p.fill(rect(43, 6, 14, 8), p.some("red", "brown", "gray"))
    p.fill(
        blob(44, 14, 56, 14, 57, 32, 70, 46, 70, 88, 50, 92, 30, 88, 30, 46, 43, 32),
        p.color("", "green", "blue", "brown", "light blue"),
    )
    p.fill(rect(31, 56, 38, 18), p.some("white", "yellow", "beige"), minor=True)


def snow_globe_ball(p: Pen) -> None:
    c = p.color("", "red", "blue", "yellow", free=0.8)
    p.fill(oval(50, 50, 38), c)
    p.line(curve(16, 40, 40, 56, 84, 44), p.some("white"), 5, minor=True)


def person(p: Pen) -> None:
    skin = p.some("beige", "brown")
    legs = p.color("trousers", "blue", "brown", "black")
    for x in (40, 51):
        p.fill(rect(x, 62, 9, 32), legs)
    top = p.color("shirt", "red", "blue", "green", "yellow")
    for s in (-1, 1):
        p.line(poly(50 + s * 10, 40, 50 + s * p.u(20, 28), p.u(50, 64)), skin, 6)
    p.fill(rect(38, 34, 24, 30), top)
    p.fill(oval(50, 20, 13), skin)
    p.fill(oval(50, 13, 13, 8, 180, 360), p.color("hair", "brown", "black", "yellow", free=0.1))
    p.eyes(50, 20, 4.5, 1.5)


def plain(points: Callable[[Pen], Points]) -> Callable[[Pen], None]:
    def draw(p: Pen) -> None:
        p.fill(points(p), p.color("", free=1.0))

    return draw


THINGS: dict[tuple[str, ...], tuple[float, Callable[[Pen], None]]] = {
    ("house", "home", "cottage"): (5, house),
    ("tree",): (4, tree),
    ("pine tree", "fir tree", "christmas tree"): (1.5, pine),
    ("sun",): (2.5, sun),
    ("moon", "crescent moon"): (1.2, moon),
    ("cloud",): (1.5, cloud),
    ("star",): (2, a_star),
    ("heart",): (2, a_heart),
    ("flower", "daisy"): (3.5, flower),
    ("tulip", "flower"): (1, tulip),
    ("apple",): (3, apple),
    ("orange",): (1, round_fruit("orange")),
    ("tomato",): (0.8, round_fruit("red")),
    ("lemon",): (0.8, round_fruit("yellow")),
    ("plum",): (0.5, round_fruit("purple")),
    ("pear",): (0.8, pear),
    ("banana",): (0.8, banana),
    ("carrot",): (0.8, carrot),
    ("cherries", "cherry"): (0.8, cherry),
    ("boat", "sailboat"): (3.5, boat),
    ("ship", "steamboat"): (1.2, ship),
    ("car", "automobile"): (3.5, car),
    ("bus",): (1.2, bus),
    ("truck", "lorry"): (1.2, truck),
    ("train", "locomotive"): (1, train),
    ("bicycle", "bike"): (2, bicycle),
    ("airplane", "plane"): (1.2, plane),
    ("rocket", "space rocket"): (3, rocket),
    ("mug", "cup", "cup of coffee", "coffee mug"): (3, mug),
    ("fish",): (3.5, fish),
    ("cat", "cat face", "kitten"): (3, face_of(cat_ears, "orange", "gray", "white", "black")),
    ("cat", "sitting cat"): (1, cat),
    ("dog", "dog face", "puppy"): (
        2.5,
        face_of(floppy_ears, "brown", "beige", "white", nose="black", muzzle=True),
    ),
    ("dog", "puppy"): (1, dog),
    ("bear", "bear face", "teddy bear"): (1.5, face_of(round_ears, "brown", nose="black", muzzle=True)),
    ("panda", "panda face"): (0.4, face_of(round_ears, "white", nose="black")),
    ("mouse", "mouse face"): (0.8, face_of(round_ears, "gray")),
    ("rabbit", "bunny", "rabbit face"): (1.5, face_of(long_ears, "white", "gray", "brown")),
    ("fox", "fox face"): (1.2, face_of(pointed_ears, "orange", nose="black", muzzle=True)),
    ("smiley", "smiling face", "face", "happy face"): (2.5, smiley),
    ("bird",): (2.5, bird),
    ("duck",): (1, duck),
    ("owl",): (1, owl),
    ("penguin",): (1, penguin),
    ("butterfly",): (1.5, butterfly),
    ("ladybug", "lady beetle"): (0.8, ladybug),
    ("snail",): (0.8, snail),
    ("whale",): (0.8, whale),
    ("turtle", "tortoise"): (1, turtle),
    ("balloon",): (1.5, balloon),
    ("hot air balloon",): (0.8, hot_air_balloon),
    ("umbrella",): (1.2, umbrella),
    ("mushroom",): (1.5, mushroom),
    ("cactus",): (1, cactus),
    ("cake", "birthday cake"): (1.2, cake),
    ("cupcake",): (0.8, cupcake),
    ("ice cream", "ice cream cone"): (1.2, ice_cream),
    ("donut", "doughnut"): (0.8, donut),
    ("pizza", "slice of pizza"): (0.8, pizza),
    ("egg",): (0.5, egg),
    ("mountain", "snowy mountain"): (2.5, mountain),
    ("volcano",): (0.7, volcano),
    ("snowman",): (1.2, snowman),
    ("robot",): (1.5, robot),
    ("ghost",): (0.8, ghost),
    ("pumpkin",): (0.8, pumpkin),
    ("gift", "present", "gift box"): (1.2, gift),
    ("crown",): (0.8, crown),
    ("flag",): (0.8, flag),
    ("tent",): (0.8, tent),
    ("castle",): (1.5, castle),
    ("lighthouse",): (1, lighthouse),
    ("hat", "top hat"): (0.8, hat),
    ("shirt", "t-shirt"): (0.8, shirt),
    ("book",): (0.8, book),
    ("pencil",): (0.8, pencil),
    ("candle",): (0.6, candle),
    ("lamp",): (0.7, lamp),
    ("clock",): (0.8, clock),
    ("chair",): (0.6, chair),
    ("table",): (0.6, table),
    ("bottle",): (0.8, bottle),
    ("ball",): (1, snow_globe_ball),
    ("person", "man", "woman", "boy", "girl"): (1.5, person),
    ("circle",): (1, plain(lambda p: oval(50, 50, p.u(26, 42)))),
    ("square",): (0.8, plain(lambda p: rect(18, 18, 64, 64))),
    ("rectangle",): (0.6, plain(lambda p: rect(8, 50 - p.u(16, 28), 84, p.u(34, 52)))),
    ("triangle",): (0.8, plain(lambda p: poly(50 + p.u(-10, 10), 14, 90, 86, 10, 86))),
    ("oval", "ellipse"): (0.6, plain(lambda p: oval(50, 50, 42, p.u(20, 30)))),
    ("diamond",): (0.5, plain(lambda p: poly(50, 8, 82, 50, 50, 92, 18, 50))),
}
# fmt: on
_KEYS = list(THINGS)
_WEIGHTS = [THINGS[k][0] for k in _KEYS]


def make(rng: random.Random) -> tuple[Drawing, str]:
    """One random thing and its caption."""
    key = rng.choices(_KEYS, _WEIGHTS)[0]
    pen = Pen(key[0] if rng.random() < 0.7 else rng.choice(key), rng)
    THINGS[key][1](pen)
    return pen.drawing, caption(pen.drawing, rng)


def sample(rng: random.Random) -> tuple[Drawing, str]:
    """One training drawing: a thing, sometimes two side by side, somewhere on the page."""
    first, words = make(rng)
    if rng.random() < 0.12:
        second, more = make(rng)
        a = move(first, rng.uniform(0.45, 0.55), -24 + rng.uniform(-2, 2), rng.uniform(-12, 12))
        b = move(second, rng.uniform(0.4, 0.55), 25 + rng.uniform(-2, 2), rng.uniform(-12, 12))
        return Drawing(a.parts + b.parts), f"{words} and {more}"
    placed = move(
        first,
        rng.uniform(0.6, 1.0),
        rng.uniform(-9, 9),
        rng.uniform(-9, 9),
        rng.gauss(0, 4),
        rng.random() < 0.4,
        rng.uniform(0.85, 1.15),
    )
    return placed, words
