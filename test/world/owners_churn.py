"""Processes that come and go, all with one pid, while a command of the caller's looks at them.

    unshare --pid --fork --mount-proc python3 owners_churn.py COMMAND...

Each holds a few sockets for some milliseconds. When the command has ended, a line of JSON tells of each process
what it has read of itself: its start time, and the inodes of its sockets. The pid is in the environment of the
command, as PID. They begin when it has written to the descriptor READY: a thread that it starts later than that, and keeps,
might have their pid.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time

PID = 300
SOCKETS = 4
LONGEST = 0.05  # seconds; a clock tick is a fifth of it


def start_time():
    with open('/proc/self/stat') as stat:
        return int(stat.read().rpartition(')')[2].split()[19])


def live(tell):
    sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    inodes = [os.fstat(each.fileno()).st_ino for each in sockets]
    os.write(tell, json.dumps([os.getpid(), start_time(), inodes]).encode() + b'\n')
    time.sleep(random.uniform(0, LONGEST))


def next_life(tell):
    """Whether one was lived. The kernel gives the pid after the last one, which is whatever is said here, but a thread of
    the command's may be quicker."""
    with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
        last.write(str(PID - 1))
    pid = os.fork()
    if pid == 0:
        if os.getpid() == PID:
            live(tell)
        os._exit(0)
    os.waitpid(pid, 0)
    return pid == PID


def main():
    told, tell = os.pipe()
    ready, say_ready = os.pipe()
    environment = {**os.environ, 'PID': str(PID), 'READY': str(say_ready)}
    looker = subprocess.Popen(sys.argv[1:], env=environment, pass_fds=[say_ready])
    os.close(say_ready)
    os.read(ready, 1)
    lives = []
    while looker.poll() is None:
        if next_life(tell):
            lives += [json.loads(line) for line in os.read(told, 1 << 16).decode().splitlines()]
    print(json.dumps(lives), flush=True)
    sys.exit(looker.returncode)


if __name__ == '__main__':
    main()
