//! Status conditions and the rules by which controllers set and summarise them
