#!/bin/sh
# TypeScript types of the REST interface, from the OpenAPI document that this source makes.
# With an argument the types are written there; without, to src/api/generated.ts.
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
node_modules/.bin/openapi-typescript "$document" --output "${1:-src/api/generated.ts}"
