"""Does in its network namespace what it is told: each line of its input is Python, in JSON. Answers each with `answer`."""

import json
import os
import socket
import sys
import traceback

with open("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "w", encoding="ascii") as disabled:
    disabled.write("0")
os.system("ip link set lo up")

world = {"socket": socket, "os": os}
print(json.dumps({"answer": os.getpid()}), flush=True)
for line in sys.stdin:
    world["answer"] = None
    try:
        exec(json.loads(line), world)  # pylint: disable=exec-used
        print(json.dumps({"answer": world["answer"]}), flush=True)
    except Exception:  # pylint: disable=broad-exception-caught
        print(json.dumps({"error": traceback.format_exc()}), flush=True)
