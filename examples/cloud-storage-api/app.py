"""The storage API: lists the files of a bucket, uploads to it, and hands out links to download.

Every answer is JSON with `status` and `message`, and `content` where there is any; the HTTP status
equals `status`.
"""

from __future__ import annotations

import os
from pathlib import Path

import s3_funcs
from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.utils import secure_filename

BUCKET = os.environ["BUCKET"]
UPLOADS = Path(os.environ.get("UPLOADS", "uploads"))

app = Flask(__name__)
app.json.sort_keys = False


def answer(status: int, message: str, content: object = None) -> tuple[Response, int]:
    body: dict[str, object] = {"status": status, "message": message}
    if content is not None:
        body["content"] = content
    return jsonify(body), status


@app.get("/")
def index() -> tuple[Response, int]:
    return answer(200, "Successfully connected to module02 upload/download API")


@app.get("/list_files")
def list_files() -> tuple[Response, int]:
    files = s3_funcs.list_files(BUCKET)
    return answer(200, f"Successfully listed files on s3 bucket '{BUCKET}'", files)


@app.route("/upload", methods=["GET", "POST"])
def upload() -> tuple[Response, int]:
    """Upload `file`: a multipart field is saved to `uploads/` first, a name is looked up there."""
    sent = request.files.get("file")
    name = (sent.filename or "") if sent else request.values.get("file", "")
    # A name such as ../../etc/passwd must not leave the directory.
    path = UPLOADS / (secure_filename(name) or "-")
    if sent and path.name != "-":
        UPLOADS.mkdir(parents=True, exist_ok=True)
        sent.save(path)
    if not path.is_file():
        return answer(404, f"The file '{name}' was not found")
    s3_funcs.upload_file(BUCKET, path)
    return answer(200, f"Successfully uploaded '{path.name}' to the bucket '{BUCKET}'")


@app.get("/download/<path:file>")
def download(file: str) -> tuple[Response, int]:
    if not s3_funcs.has_file(BUCKET, file):
        return answer(404, f"The file '{file}' was not found on the bucket '{BUCKET}'")
    url = s3_funcs.presigned_url(BUCKET, file)
    return answer(200, f"Successfully generated presigned url for '{file}'", url)


@app.errorhandler(ClientError)
def refused(error: ClientError) -> tuple[Response, int]:
    """AWS said no: its status and words go on to the caller."""
    return answer(error.response["ResponseMetadata"]["HTTPStatusCode"], str(error))


@app.errorhandler(BotoCoreError)
def unreachable(error: BotoCoreError) -> tuple[Response, int]:
    """AWS could not be asked: no credentials, or nobody at the endpoint."""
    return answer(502, str(error))


@app.errorhandler(HTTPException)
def unknown(error: HTTPException) -> tuple[Response, int]:
    return answer(error.code or 500, error.description or error.name)


if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "5000")))
