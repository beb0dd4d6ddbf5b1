#!/usr/bin/env bash
# Try an image as its users run it, on models that were made outside of it: deploy/smoke.sh IMAGE FOLDER.
# FOLDER has the default model's pair, default.safetensors. Needs a container engine.
set -euo pipefail
image=$1
folder=$(cd "$2" && pwd)
engine=${ENGINE:-docker}
first="first predictions, original: 0.719 1.764 2.710 2.839 2.605"

# Nothing to write to but the volume and /tmp, no rights, and a user that no file belongs to.
server=$("$engine" run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --user 12345:0 --volume /app/artifacts --volume "$folder:/models:ro" "$image")
trap '"$engine" rm --force --volumes "$server" >/dev/null' EXIT

health=starting
for _ in $(seq 90); do
  health=$("$engine" inspect --format '{{.State.Health.Status}}' "$server")
  [ "$health" = starting ] || break
  sleep 1
done
if [ "$health" != healthy ]; then
  "$engine" logs "$server" >&2
  echo "the server is $health, not healthy" >&2
  exit 1
fi
echo "healthy"

for model in /models/default.safetensors models/default.safetensors ""; do
  # shellcheck disable=SC2086  # no name, no argument
  "$engine" exec "$server" python -m core predict $model --sample | grep --fixed-strings "$first"
done

"$engine" stop --timeout 10 "$server" >/dev/null
code=$("$engine" inspect --format '{{.State.ExitCode}}' "$server")
if [ "$code" -eq 137 ]; then
  echo "the server had to be killed" >&2
  exit 1
fi
echo "stopped when asked"
