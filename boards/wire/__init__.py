"""The socket protocol board.v1, from message types down to the bytes of websocket frames. Knows no room and no row.

in:   splitter → text → protocol.parse → Message
out:  message type → protocol.encode → frames.Packet → transport
"""
