/*
 * oid.h - object identifiers, content octets, as struct bytes expressions.
 */
#ifndef CERTFLOW_PKI_OID_H
#define CERTFLOW_PKI_OID_H

#include "base/bytes.h"

#define OID(octets) bytes_of("" octets, sizeof(octets) - 1)

/* X.520 and RFC 4519 attributes */
#define OID_CN OID("\x55\x04\x03")
#define OID_SURNAME OID("\x55\x04\x04")
#define OID_SERIAL_NUMBER OID("\x55\x04\x05")
#define OID_C OID("\x55\x04\x06")
#define OID_L OID("\x55\x04\x07")
#define OID_ST OID("\x55\x04\x08")
#define OID_O OID("\x55\x04\x0a")
#define OID_TELEPHONE OID("\x55\x04\x14")
#define OID_GIVEN_NAME OID("\x55\x04\x2a")
#define OID_UID OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01")
#define OID_MAIL OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x03")
#define OID_MOBILE OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x29")
#define OID_EMAIL OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")
#define OID_BIRTH_DATE OID("\x2b\x06\x01\x05\x05\x07\x09\x01")
#define OID_EXTENSION_REQUEST OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e")

/* keys (RFC 3279, RFC 5480) */
#define OID_RSA OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define OID_EC OID("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_P256 OID("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384 OID("\x2b\x81\x04\x00\x22")

/* extensions (RFC 5280 4.2) */
#define OID_SKI OID("\x55\x1d\x0e")
#define OID_KEY_USAGE OID("\x55\x1d\x0f")
#define OID_SAN OID("\x55\x1d\x11")
#define OID_BASIC_CONSTRAINTS OID("\x55\x1d\x13")
#define OID_CRL_NUMBER OID("\x55\x1d\x14")
#define OID_REASON_CODE OID("\x55\x1d\x15")
#define OID_INVALIDITY_DATE OID("\x55\x1d\x18")
#define OID_NAME_CONSTRAINTS OID("\x55\x1d\x1e")
#define OID_CRL_DP OID("\x55\x1d\x1f")
#define OID_POLICIES OID("\x55\x1d\x20")
#define OID_AKI OID("\x55\x1d\x23")
#define OID_POLICY_CONSTRAINTS OID("\x55\x1d\x24")
#define OID_EKU OID("\x55\x1d\x25")
#define OID_INHIBIT_ANY_POLICY OID("\x55\x1d\x36")
#define OID_AIA OID("\x2b\x06\x01\x05\x05\x07\x01\x01")
#define OID_OCSP OID("\x2b\x06\x01\x05\x05\x07\x30\x01")
#define OID_CA_ISSUERS OID("\x2b\x06\x01\x05\x05\x07\x30\x02")

/* OCSP (RFC 6960) */
#define OID_OCSP_BASIC OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x01")
#define OID_OCSP_NONCE OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x02")
#define OID_OCSP_NOCHECK OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x05")
#define OID_OCSP_SIGNING OID("\x2b\x06\x01\x05\x05\x07\x03\x09")

#endif
