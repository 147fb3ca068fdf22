"""Runs a command on a terminal that is as wide as is said, and prints what comes out of it: terminal.py WIDTH COMMAND."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

OUTPUT_FLAGS = 1

width, *command = sys.argv[1:]
near, far = pty.openpty()
fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("=4H", 24, int(width), 0, 0))
attributes = termios.tcgetattr(far)
# Line breaks come as they are written.
attributes[OUTPUT_FLAGS] &= ~termios.OPOST
termios.tcsetattr(far, termios.TCSANOW, attributes)
child = subprocess.Popen(command, stdin=far, stdout=far, stderr=2)
os.close(far)
while True:
    try:
        text = os.read(near, 65536)
    except OSError:
        # EIO: nobody has the other end any more.
        break
    if not text:
        break
    sys.stdout.buffer.write(text)
sys.exit(child.wait())
