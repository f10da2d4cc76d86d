/**
 * A certificate for this machine that no authority has signed, and its key, for servers under test. It
 * protects nothing. It is valid from 2020 to 2120.
 */

/** As PEM; it is also the authority that a client has to be given. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBVzCB/qADAgECAhR+DITzKP7ai7suMC8DKgXvbB+OaTAKBggqhkjOPQQDAjAU
MRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
MDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABHirpMB0kxcmGASrxMa7/nhJYoLrOmvgvTjj3xCYzmkAE118AKCXjmDH
KwtylupRiO+Gh7JTk9YzexTQjC44ctWjLDAqMBoGA1UdEQQTMBGCCWxvY2FsaG9z
dIcEfwAAATAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIClTWGqrNR6K
J4JMbx6PMRW1L+zSOhYNZgSyz67roP8TAiEAq8AbuBNQvqXlZLLSrWqLRd+0SliA
wQBze/iMNTYYW8M=
-----END CERTIFICATE-----
`;

/** Its private key as PEM. */
export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3djiPbabhUt9rILt
RNucTqId2MITQ25EBI7nGjjYI1ihRANCAAR4q6TAdJMXJhgEq8TGu/54SWKC6zpr
4L04498QmM5pABNdfACgl45gxysLcpbqUYjvhoeyU5PWM3sU0IwuOHLV
-----END PRIVATE KEY-----
`;
