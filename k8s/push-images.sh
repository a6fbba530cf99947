#!/bin/sh
# Builds the four images, tags them and pushes them: push-images.sh REGISTRY [VERSION]
#
# REGISTRY is a host with an optional port and path, such as registry.example.com:5000/team. VERSION defaults to the
# chart's appVersion. BUILDER names the program: by default the first found of buildah, podman and docker.
# BUILD_OPTIONS are passed to each build, such as --build-arg PYTHON_IMAGE=... (docs/images.md).
set -eu
cd "$(dirname "$0")/.."

registry=${1:-}
version=${2:-$(sed -n 's/^appVersion: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' helm/viral-engine/Chart.yaml)}
case $registry in
"" | *://* | */ | *" "*)
    echo "Say where to push, as REGISTRY=registry.example.com/team: without https:// and without a slash at its end." >&2
    exit 64
    ;;
esac

builder=${BUILDER:-}
for program in buildah podman docker; do
    if [ -z "$builder" ] && command -v "$program" >/dev/null; then builder=$program; fi
done
if ! command -v "${builder:-none}" >/dev/null; then
    echo "Neither buildah nor podman nor docker is here; install one of them, or name yours by BUILDER=/path/to/it." >&2
    exit 69
fi

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
targets="metrics-api dashboard report-worker email-worker"
# Build all before pushing any, so the registry never has half a release.
for target in $targets; do
    # shellcheck disable=SC2086 # Several options.
    "$builder" build ${BUILD_OPTIONS:-} --target "$target" --tag "$registry/viral-engine/$target:$version" \
        --build-arg VERSION="$version" --build-arg REVISION="$revision" .
done
for target in $targets; do
    "$builder" push "$registry/viral-engine/$target:$version"
done
echo "Pushed; in production.yaml: image: {registry: $registry, tag: \"$version\"}"
