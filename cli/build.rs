//! Links the program with packed relocations: an idle process is a megabyte smaller.

fn main() {
    ferroflux_packed_relocations::link_binaries();
}
