"""Types lines into a shell as a person does, one whenever it prompts, and prints all that is on the terminal then.

typist.py PROMPT SHELL...: the lines come on standard input. A tab asks for completion; what is behind it is typed when
that has been answered.
"""

import os
import pty
import select
import subprocess
import sys
import time

LIMIT = 20

prompt, *command = sys.argv[1:]
lines = sys.stdin.read().splitlines()
near, far = pty.openpty()
child = subprocess.Popen(command, stdin=far, stdout=far, stderr=far, start_new_session=True)
os.close(far)
told = b""


def read(seconds):
    """What comes within this time; nothing if the shell is quiet."""
    global told
    ready, _, _ = select.select([near], [], [], seconds)
    if not ready:
        return False
    told += os.read(near, 65536)
    return True


def prompted(after):
    end = time.monotonic() + LIMIT
    while told.find(prompt.encode(), after) < 0:
        if time.monotonic() > end or (not read(0.1) and child.poll() is not None):
            sys.exit(f"no prompt came: {told!r}")
    return len(told)


at = prompted(0)
for line in lines:
    typed, *rest = line.split("\t")
    os.write(near, typed.encode())
    for more in rest:
        os.write(near, b"\t")
        while read(1.0):
            pass
        os.write(near, more.encode())
    at = len(told)
    os.write(near, b"\n")
    at = prompted(at)
os.close(near)
sys.stdout.buffer.write(told)
