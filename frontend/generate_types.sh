#!/bin/sh
# What the browser's side takes from this source: TypeScript types of the REST interface, from its OpenAPI document,
# and for tests the operations as a server describes them. Written to the folder that is named, or else to src/api.
set -e
cd "$(dirname "$0")"
document=$(mktemp)
trap 'rm -f "$document"' EXIT
"${PYTHON:-python3}" - > "$document" <<'PYTHON'
import json
from longshore.server.application import Services, declare_routes, make_application
from longshore.settings import Settings

print(json.dumps(declare_routes(make_application(), Settings.from_environment(), Services()).document()))
PYTHON
folder=${1:-src/api}
node_modules/.bin/openapi-typescript "$document" --output "$folder/generated.ts"
"${PYTHON:-python3}" - > "$folder/operations.json" <<'PYTHON'
import json
from longshore.datasets.routes import describe_aggregate, describe_operation
from longshore.tables.operations import all_operations

described = [*map(describe_operation, all_operations()), describe_aggregate()]
print(json.dumps(described, indent=2, ensure_ascii=False))
PYTHON
