"""What the peers share: the child's side of internal/rounds (see Serve there)."""
import gc
import json
import os
import resource
import sys


def cpu():
    """CPU seconds of this process and of its children that have ended."""
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        r = resource.getrusage(who)
        used += r.ru_utime + r.ru_stime
    return used


def serve(open_peer):
    """Answers requests until the end of input.

    open_peer(config) returns an object with a version, a method run(part, parts),
    and perhaps methods check(what) and close(). run returns the number of items
    that it handled; or a tuple of it and of the seconds on the wall and of CPU that
    count, where those of the whole call do not.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    peer = None
    for line in sys.stdin:
        request, reply = json.loads(line), {}
        try:
            if request["op"] == "open":
                peer = open_peer(request["config"])
                reply["version"] = peer.version
            elif request["op"] == "run":
                result = peer.run(request["part"], request["parts"])
                if isinstance(result, tuple):
                    result, wall, used = result
                    reply["took"] = {"wall_s": wall, "cpu_s": used}
                reply["items"] = result
            elif request["op"] == "check":
                peer.check(request["check"])
            elif request["op"] == "close":
                getattr(peer, "close", lambda: None)()
                peer = None
                gc.collect()
        except Exception as e:  # told to the harness, which drops this peer
            reply["error"] = f"{type(e).__name__}: {e}".splitlines()[0]
        reply["cpu_s"] = cpu()
        print(json.dumps(reply), file=out, flush=True)
