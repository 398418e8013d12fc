"""How an installation is put together: settings, urls, the `kentongan` command."""
