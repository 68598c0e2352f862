"""Handlers as the older framework's users wrote them: its names come with a star, its routes may take /hello."""

from pyserver.core import *


@app.route("/hello", methods=["GET"])
def howdy():
    return "Howdy!"


@app.route("/notes/<topic>", methods=["POST"])
@make_my_response_json
def take_note(topic):
    if request.json:
        note = request.json
    else:
        note = convert_types_in_dictionary(remove_single_element_lists(request.values.to_dict(flat=False)))
    emit_local_message("notes", dict(topic=topic, note=note, by=get_userid()))
    return dict(topic=topic, note=note, kept_in=path.basename(get_storage_location("notes")), status_code=201)


@app.route("/motto")
@make_my_response_json
def motto():
    return "this is a string"


@app.route("/clock")
@cache_my_response(vary_by=["zone"], expiration_seconds=60)
def clock():
    return str(uuid4())
