"""Runs scripts in a process that has only the packages in the folders given, and no Longshore.

Each line of standard input is ``{"script": ..., "input": ..., "output": ..., "others": [...]}``,
answered by null or the error's text.
"""

import json
import sys
import traceback
import types

sys.path += sys.argv[1:]
sys.modules["longshore"] = None  # importing it fails


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        try:
            module = sys.modules["a_script"] = types.ModuleType("a_script")
            exec(compile(job["script"], "script.py", "exec", dont_inherit=True), vars(module))
            module.clean(module.read(job["input"]), *job["others"]).write_parquet(job["output"])
            answer = None
        except Exception:
            answer = traceback.format_exc()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
