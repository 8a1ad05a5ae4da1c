#!/bin/sh
# shopping-list.sh FILE add|remove|list [ITEM]: a list in a file, one line a thing, whole after any write.
set -eu
file=$1 action=$2 item=${3:-}
touch "$file"
case $action in
  list) ;;
  add)
    [ -n "$item" ] || { echo "what should be added?" >&2; exit 1; }
    if grep -qixF -e "$item" "$file"; then echo "it was on the list already"
    else { cat "$file"; printf '%s\n' "$item"; } >"$file.new" && mv "$file.new" "$file"; fi ;;
  remove)
    grep -qixF -e "$item" "$file" || { echo "it is not on the list; the list is:" >&2; cat "$file" >&2; exit 1; }
    { grep -vixF -e "$item" "$file" || true; } >"$file.new" && mv "$file.new" "$file" ;;
esac
if [ -s "$file" ]; then echo "the list:"; cat "$file"; else echo "the list is empty"; fi
