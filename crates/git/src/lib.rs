//! Git over HTTP and SSH: listing, fetching into a persistent mirror, reading trees
