"""squeue, sinfo and scontrol for tests: `python fake_slurm_program.py STATE.json squeue --json`.

The state is a file: nodes, cpus, jobs by id, and what is to go wrong. Standard library only.
"""

import fcntl
import json
import re
import sys
import time


def main(path: str, command: str, words: list[str]) -> int:
    with open(path, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state = json.load(file)
        if command != "sinfo":
            state["calls"].append([command, *words])
        code = run(state, command, words)
        file.seek(0)
        file.truncate()
        json.dump(state, file)
    return code


def run(state: dict, command: str, words: list[str]) -> int:
    if state["slow_s"]:
        time.sleep(state["slow_s"])
    if state["down"]:
        print(f"{command}: error: Unable to contact slurm controller (connect failure)", file=sys.stderr)
        return 1
    if command in state["prints"]:
        sys.stdout.write(state["prints"][command])
        return 0
    if command == "squeue":
        return squeue(state, words)
    if command == "sinfo":
        print(json.dumps(nodes(state)))
        return 0
    return scontrol(state, words)


def squeue(state: dict, words: list[str]) -> int:
    jobs = [dict(job, job_id=int(name)) for name, job in state["jobs"].items()]
    if "--json" in words:
        print(json.dumps({"errors": [], "jobs": jobs}))
        return 0
    for job in jobs:
        eligible = "N/A" if job["state_reason"] == "JobHeldUser" else job["eligible_time"]
        print(f"{job['job_id']:<40}{job['job_state']:<20}{job['submit_time']:<24}{eligible:<24}")
    return 0


def nodes(state: dict) -> dict:
    one = {"cpus": state["cpus"], "state": "idle", "partitions": ["main", "other"], "real_memory": 4000}
    return {"errors": [], "nodes": [{"name": f"n{place}", **one} for place in range(state["nodes"])]}


def scontrol(state: dict, words: list[str]) -> int:
    verb, *rest = words
    keys = dict(word.split("=", 1) for word in rest if "=" in word)
    name = keys["JobId"] if verb == "update" else rest[0]
    job = state["jobs"].get(name)
    if job is None or name in state["refuses"]:
        print("slurm_update error: Invalid job id specified", file=sys.stderr)
        return 1
    if verb == "update":
        if "StartTime" in keys and job["job_state"] != "PENDING":
            print("slurm_update error: Job is no longer pending execution", file=sys.stderr)
            return 1
        if "StartTime" in keys:
            ahead = re.fullmatch(r"now(?:\+(\d+))?", keys["StartTime"])
            job["eligible_time"] = int(time.time()) + int(ahead[1] or 0)
            job["state_reason"] = "BeginTime" if ahead[1] else "Priority"
        if "AdminComment" in keys:
            job["admin_comment"] = keys["AdminComment"]
        return 0
    wanted, becomes = ("RUNNING", "SUSPENDED") if verb == "suspend" else ("SUSPENDED", "RUNNING")
    if job["job_state"] != wanted:
        print(f"Job is not {wanted.lower()} for job {name}", file=sys.stderr)
        return 1
    job["job_state"] = becomes
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
