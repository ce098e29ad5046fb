package app

import "context"

// CheckTonight is what a night's job does.
func (a *App) CheckTonight(ctx context.Context) error {
	return a.checkInvariants(ctx, CheckInvariants{})
}

// NightOf names the night.
var NightOf = nightOf
