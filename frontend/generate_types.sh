#!/bin/sh
# TypeScript types of the REST interface and of the events of Socket.IO, from the models that this source answers with.
# With an argument the types are written there; without, to src/api/generated.ts.
set -e
cd "$(dirname "$0")"
document=$(mktemp)
made=$(mktemp)
trap 'rm -f "$document" "$made"' EXIT
"${PYTHON:-python3}" - > "$document" <<'PYTHON'
import json
from longshore.server.application import Services, declare_last, declare_routes, make_application
from longshore.server.socket_events import socket_schemas
from longshore.settings import Settings

app, settings = make_application(), Settings.from_environment()
api = declare_routes(app, settings, Services())
declare_last(app, api, settings, Services())
document = api.document()
document["components"]["schemas"].update(socket_schemas())
# The generator takes a property's name for a part of an address; the % is put back below.
print(json.dumps(document).replace('%": {', '%25": {'))
PYTHON
node_modules/.bin/openapi-typescript "$document" --output "$made"
sed 's/"\([0-9]*\)%25"/"\1%"/' "$made" > "${1:-src/api/generated.ts}"
