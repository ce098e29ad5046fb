package payment

import (
	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/payments/consultation/{consultationId}", ID: "read-consultation-payment",
		Tag:     "payments",
		Summary: "Read a consultation's payment",
		Doc: "With its attempts and refunds. A doctor sees amounts only. A refund that was asked for is seen " +
			"by staff until it is approved.",
		Roles: access.SignedIn,
	}, s.read)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/refunds", ID: "list-refunds", Tag: "payments",
		Summary: "List refunds",
		Doc:     "For staff, the newest first: those with status REQUESTED wait for an administrator's approval.",
		Roles:   access.Support | access.Admin,
	}, s.listRefunds)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/admin/unmatched-money", ID: "list-unmatched-money", Tag: "payments",
		Summary: "List unmatched money",
		Doc: "What providers reported that belongs to no attempt or isn't what was asked, the newest first. What " +
			"an attempt can be told of goes back by itself; " +
			"what is WAITING needs a decision, and actions say which.",
		Roles: access.Admin,
	}, s.listUnmatched)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/admin/unmatched-money/{id}/resolve", ID: "resolve-unmatched-money", Tag: "payments",
		Summary: "Resolve unmatched money",
		Doc:     "Sends it back to whom it came from, or closes it with your reason.",
		Sends:   true,
		Roles:   access.Admin, Key: httpapi.Optional,
		Refusals:  []*problem.Error{problem.InvalidTransition},
		RecentMFA: true,
	}, s.resolve)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/payments/{id}/refunds", ID: "request-refund", Tag: "payments",
		Summary: "Request a refund",
		Doc: "For a refund outside the policy. Keeps the amount for it until another administrator " +
			"approves or declines; when the consultation is cancelled before, everything is refunded and " +
			"the request ends.",
		Roles: access.Support | access.Admin, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{ErrExceedsCapture},
	}, s.requestRefund)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/refunds/{id}/approve", ID: "approve-refund", Tag: "payments",
		Summary: "Approve a refund",
		Doc:     "Another administrator than the one who requested it does so. The money is then on its way.",
		Sends:   true,
		Roles:   access.Admin, Key: httpapi.Optional,
		Refusals:  []*problem.Error{ErrOwnRefund, problem.InvalidTransition},
		RecentMFA: true,
	}, s.approveRefund)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/refunds/{id}/decline", ID: "decline-refund", Tag: "payments",
		Summary: "Decline a refund",
		Doc:     "It ends FAILED with your reason, and its amount can be asked for anew.",
		Roles:   access.Admin, Key: httpapi.Optional,
		Refusals:  []*problem.Error{problem.InvalidTransition},
		RecentMFA: true,
	}, s.declineRefund)
}
