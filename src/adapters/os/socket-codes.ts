/** What Node.js calls trouble with TLS: OpenSSL's verdicts on a certificate, and its protocol errors. */
export const TLS_CODE =
  /^(?:CERT_|ERR_TLS|ERR_SSL|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/;
