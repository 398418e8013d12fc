"""Ports of this machine."""

import socket


def free_port(host: str, wanted: int) -> int:
    """``wanted`` if nobody has it, else the next free one; 0 gives any free port."""
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        raise OSError(f"Alamat {host} tidak dikenal di komputer ini.") from error
    for port in [wanted] if wanted == 0 else range(wanted, min(wanted + 200, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"Tidak ada port bebas di {host} mulai dari {wanted}.")
