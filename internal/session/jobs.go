package session

import "amrutam/internal/retention"

// Retention says how long tokens and sessions are kept. The tokens go first: otherwise a session would take thousands
// of them with it.
var Retention = []retention.Rule{
	{
		Name:  "session-tokens",
		What:  "Hashes of access tokens, refresh tokens and cookies",
		After: "they expired",
		Why:   "the use of a refresh token that was used before ends its session",
		Table: "session_tokens",
		Since: "expires_at",
		Keep:  retention.Day,
	},
	{
		Name:  "ended-sessions",
		What:  "Sessions that were ended: device and address",
		After: "their end",
		Why:   "a sign-in from a device that is known is not reported by mail",
		Table: "sessions",
		Since: "ended_at",
		Keep:  30 * retention.Day,
	},
	{
		Name:  "sessions",
		What:  "Sessions that ended by themselves: device and address",
		After: "they expired",
		Why:   "a sign-in from a device that is known is not reported by mail",
		Table: "sessions",
		Since: "expires_at",
		Keep:  30 * retention.Day,
	},
}
