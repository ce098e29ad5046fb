package session

import (
	"context"
	"fmt"
	"strings"

	"amrutam/internal/access"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// mailNewDevice mails the user about a sign-in by a client or from an address that they never used before. It looks
// before the session is inserted.
func (s *Service) mailNewDevice(ctx context.Context, tx *postgres.Tx, actor access.Actor, agent string) error {
	unknown, err := isNewDevice(ctx, tx, agent, actor.IP, actor.ID)
	if err != nil {
		return fmt.Errorf("look for a device: %w", err)
	}
	if !unknown {
		return nil
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "new-device",
		Data: map[string]string{"device": DeviceName(agent), "address": actor.IP}})
}

// DeviceName says in known words what a User-Agent is: what a client calls itself could be anything, also a lure.
func DeviceName(agent string) string {
	browser := firstMatch(agent, "an app", [2]string{"Edg/", "Edge"}, [2]string{"OPR/", "Opera"},
		[2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"}, [2]string{"CriOS/", "Chrome"},
		[2]string{"Safari/", "Safari"}, [2]string{"curl/", "curl"})
	system := firstMatch(agent, "", [2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"},
		[2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS X", "macOS"},
		[2]string{"Linux", "Linux"})
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

func firstMatch(agent, otherwise string, known ...[2]string) string {
	for _, k := range known {
		if strings.Contains(agent, k[0]) {
			return k[1]
		}
	}
	return otherwise
}
