package app

import "context"

// RunNightlyCheck runs the job of a night.
func (a *App) RunNightlyCheck(ctx context.Context) error {
	return a.checkInvariants(ctx, CheckInvariants{})
}

// NightOf is nightOf.
var NightOf = nightOf
