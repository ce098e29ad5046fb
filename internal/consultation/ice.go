package consultation

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what TURN servers verify
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"amrutam/internal/config"
)

// turnFor is how long the credentials of a TURN server are good: longer than a visit, also one that a client joins
// early.
const turnFor = 4 * time.Hour

// ICEServer is a STUN or TURN server, as RTCPeerConnection takes it.
type ICEServer struct {
	_ struct{} `doc:"A STUN or TURN server, as RTCPeerConnection takes it"`

	URLs       []string `json:"urls" doc:"Its addresses" example:"[\"turn:turn.example.org:3478\"]"`
	Username   string   `json:"username,omitempty" doc:"Of a TURN server: when the credential ends, in seconds since 1970, and a random part" example:"1795852800:7f3a9c"`
	Credential string   `json:"credential,omitempty" doc:"Of a TURN server: good for four hours" example:"q0zFBr0Hk1m8QPfBHhM3Zb1yBrE="`
}

// iceServers returns the configured servers. A TURN server gets a username and a credential that it verifies with the
// shared secret (draft-uberti-behave-turn-rest), and that say nothing about the user.
func iceServers(cfg *config.Config, now time.Time) []ICEServer {
	servers := []ICEServer{}
	var stun, turn []string
	for _, address := range cfg.ICEServers {
		if strings.HasPrefix(address, "stun:") {
			stun = append(stun, address)
		} else {
			turn = append(turn, address)
		}
	}
	if len(stun) > 0 {
		servers = append(servers, ICEServer{URLs: stun})
	}
	if len(turn) > 0 {
		username := strconv.FormatInt(now.Add(turnFor).Unix(), 10) + ":" + rand.Text()
		mac := hmac.New(sha1.New, []byte(cfg.TURNSecret))
		mac.Write([]byte(username))
		servers = append(servers, ICEServer{URLs: turn, Username: username,
			Credential: base64.StdEncoding.EncodeToString(mac.Sum(nil))})
	}
	return servers
}
