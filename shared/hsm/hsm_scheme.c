#include "hsm/hsm_key.h"

enum hsm_scheme
hsm_scheme_of(enum hsm_key_type type)
{
	switch (type) {
	case HSM_EC_P256:
		return HSM_ECDSA_SHA256;
	case HSM_EC_P384:
		return HSM_ECDSA_SHA384;
	case HSM_KEY_UNKNOWN:
	case HSM_RSA_2048:
	case HSM_RSA_3072:
	case HSM_RSA_4096:
		break;
	}
	return HSM_RSA_PKCS1_SHA256;
}
