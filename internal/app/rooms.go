package app

// mount builds the rooms, lowest first, and lets each register its operations, pages and jobs.
func (a *App) mount() error {
	return nil
}
