object 8d35e77e3d387057280726f66425eb7e5575bf53
type commit
tag v2
tagger Signer <signer@example.com> 1795275237 +0000

a release
-----BEGIN PGP SIGNATURE-----

iIkEABYIADEWIQRFpx6GxdL9uvOwXo2WcCMOLxW6ugUCawG55RMcc2lnbmVyQGV4
YW1wbGUuY29tAAoJEJZwIw4vFbq6oFIBAIaaP/k1+v6y87xuANtrz7ZQ7IXyqJT+
B7by/RpdMjg5AQCHCooqe1V+jVYwu6i2LdqK+649RDfueVu2RNvTFuLOBw==
=J2CC
-----END PGP SIGNATURE-----
