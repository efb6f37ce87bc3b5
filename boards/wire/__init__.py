"""The socket protocol board.v1 and the messages between processes: types, parsing, encoding, websocket frames.

in:       splitter → text → protocol.parse → ClientMessage
out:      ServerMessage → server_messages.encode → frames.Packet → transport
between:  PeerMessage → announce.publish → channel layer → peer_messages.decode
"""
