#!/bin/sh
# What the browser's side takes from this source: TypeScript types of the REST interface and of the events of
# Socket.IO, from the models that it answers with, and for tests the operations as a server describes them. Written to
# the folder that is named, or else to src/api.
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
folder=${1:-src/api}
node_modules/.bin/openapi-typescript "$document" --output "$made"
sed 's/"\([0-9]*\)%25"/"\1%"/' "$made" > "$folder/generated.ts"
"${PYTHON:-python3}" - > "$folder/operations.json" <<'PYTHON'
import json
from longshore.datasets.routes import describe_aggregate, describe_operation
from longshore.tables.operations import all_operations

described = [*map(describe_operation, all_operations()), describe_aggregate()]
print(json.dumps([each.to_wire() for each in described], indent=2, ensure_ascii=False))
PYTHON
