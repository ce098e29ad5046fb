package invariant

// CheckIn runs Check in the caller's transaction.
var CheckIn = check
