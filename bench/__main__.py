"""`python -m bench NAME`: run one benchmark and print its JSON line."""

import importlib
import json
import sys
from typing import Final

BENCHMARKS: Final = {
    "api-list": "bench.api_list",
    "build": "bench.build",
    "deploy-overhead": "bench.deploy_overhead",
    "gates": "bench.gates",
    "log-summary": "bench.log_summary",
    "rollback": "bench.rollback",
    "snapshot": "bench.snapshot",
    "sse": "bench.sse",
    "switch": "bench.switch",
    "websockets": "bench.websockets",
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in BENCHMARKS:
        print(f"usage: make bench NAME={'|'.join(sorted(BENCHMARKS))}", file=sys.stderr)
        return 2
    result = importlib.import_module(BENCHMARKS[arguments[0]]).run()
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
