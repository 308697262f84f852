#include "workflow/waiting.h"

const char *
waiting_object(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return ev->key_pair_requested.enrolment_id;
	case EVENT_ENROLMENT_SAVED:
		return ev->enrolment_saved.enrolment_id;
	case EVENT_CSR_GENERATED:
		return ev->csr_generated.enrolment_id;
	case EVENT_KEY_PAIR_FAILED:
		return ev->key_pair_failed.enrolment_id;
	case EVENT_KEY_PAIR_DESTROYED:
		return ev->key_pair_destroyed.enrolment_id;
	case EVENT_REQUEST_SUBMITTED:
		return ev->request_submitted.submission.request_id;
	case EVENT_REQUEST_APPROVED:
		return ev->request_approved.request_id;
	case EVENT_REQUEST_RETURNED:
		return ev->request_returned.request_id;
	case EVENT_REQUEST_REJECTED:
		return ev->request_rejected.request_id;
	case EVENT_REQUEST_WITHDRAWN:
		return ev->request_withdrawn.request_id;
	case EVENT_REQUEST_REASSIGNED:
		return ev->request_reassigned.request_id;
	case EVENT_ISSUANCE_REQUESTED:
		return ev->issuance_requested.request_id;
	case EVENT_CERTIFICATE_ISSUED:
		return ev->certificate_issued.order_id;
	case EVENT_ISSUANCE_FAILED:
		return ev->issuance_failed.order_id;
	case EVENT_ORDER_VOID_REQUESTED:
		return ev->order_void_requested.order_id;
	case EVENT_ACTIVATION_REQUESTED:
		return ev->activation_requested.serial_number;
	case EVENT_DEACTIVATION_REQUESTED:
		return ev->deactivation_requested.serial_number;
	case EVENT_CERTIFICATE_ACTIVATED:
		return ev->certificate_activated.serial_number;
	case EVENT_ACTIVATION_FAILED:
		return ev->activation_failed.serial_number;
	case EVENT_SUSPENSION_REQUESTED:
		return ev->suspension_requested.serial_number;
	case EVENT_RESUMPTION_REQUESTED:
		return ev->resumption_requested.serial_number;
	case EVENT_REVOCATION_REQUESTED:
		return ev->revocation_requested.serial_number;
	case EVENT_STATUS_CHANGE_CONFIRMED:
		return ev->status_change_confirmed.status_change_id;
	case EVENT_STATUS_CHANGE_DECLINED:
		return ev->status_change_declined.status_change_id;
	default:
		return NULL;
	}
}
