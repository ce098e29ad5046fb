// The connection of one side of a video call: WebRTC between the two browsers. The server passes on one description of
// each side, with all its candidates; it sees no picture and no sound.

import { call, isProblem } from "../../api/call";
import { onEvent } from "../../api/events";
import { joinCall, type Call, type ICEServer } from "../../api/operations";

/** How it stands: until the other side is there, while both are, and after the visit's time. */
export type CallState = "waiting" | "connected" | "over";

interface Listeners {
	state: (state: CallState) => void;
	/** The other side's picture and sound; null when it has gone. */
	remote: (stream: MediaStream | null) => void;
	/** The server refuses, or is away; null when it answers again. */
	error: (error: unknown) => void;
}

/** How long to look for ways to this browser: a way through a TURN server is among the first. */
const gatherFor = 2500;
const askEvery = 4000;
/** A connection that is interrupted for so long begins anew. */
const lostAfter = 6000;

export class Connection {
	/** A connection anew has another id, so that descriptions of before don't count. */
	private clientId = crypto.randomUUID();
	private peerId = "";
	private pc: RTCPeerConnection | null = null;
	private isSyncing = false;
	private isDue = false;
	private isStopped = false;
	private timer = 0;
	private lostTimer = 0;
	private readonly endEvents: () => void;

	constructor(
		private readonly visit: string,
		private readonly isDoctor: boolean,
		private readonly stream: MediaStream,
		private readonly on: Listeners,
	) {
		this.endEvents = onEvent((change) => {
			if (change.type === "reset" || (change.type === "call.changed" && change.consultationId === visit))
				void this.sync();
		});
		void this.sync();
	}

	/** Ends the call of this side; the other one sees it at once. */
	stop(): void {
		this.isStopped = true;
		this.endEvents();
		this.close();
	}

	private close(): void {
		clearTimeout(this.timer);
		clearTimeout(this.lostTimer);
		this.pc?.close();
		this.pc = null;
		this.peerId = "";
	}

	/** Asks for the other side, once at a time, and again while it isn't connected. */
	private async sync(): Promise<void> {
		if (this.isStopped) return;
		this.isDue = this.isSyncing;
		if (this.isSyncing) return;
		this.isSyncing = true;
		clearTimeout(this.timer);
		try {
			await this.meet(await this.send());
			this.on.error(null);
		} catch (error) {
			if (isProblem(error, "illegal-transition", "too-late", "not-found")) {
				// Two sides that are connected may finish talking.
				if (this.pc?.connectionState === "connected") return;
				this.on.state("over");
				this.stop();
			} else {
				this.on.error(error);
			}
		} finally {
			this.isSyncing = false;
		}
		if (this.isDue) void this.sync();
		else if (!this.isStopped && this.pc?.connectionState !== "connected")
			this.timer = setTimeout(() => void this.sync(), askEvery);
	}

	private async send(description?: string): Promise<Call> {
		const mine = description === undefined ? {} : { description, peerId: this.peerId };
		return (await call(joinCall, { id: this.visit }, { clientId: this.clientId, ...mine })).data;
	}

	/** The doctor's side offers to each client of the patient once; the patient's side answers each offer to it once. */
	private async meet({ other, iceServers }: Call): Promise<void> {
		if (!other || this.isStopped) return;
		const isForMe = other.description !== null && other.peerId === this.clientId;
		const isNew = other.clientId !== this.peerId;
		if (this.isDoctor && isNew) {
			const pc = this.open(other.clientId, iceServers);
			await pc.setLocalDescription(await pc.createOffer());
			await this.send(await described(pc));
		} else if (this.isDoctor && isForMe && this.pc?.signalingState === "have-local-offer") {
			await this.pc.setRemoteDescription({ type: "answer", sdp: other.description ?? "" });
		} else if (!this.isDoctor && isForMe && isNew) {
			const pc = this.open(other.clientId, iceServers);
			await pc.setRemoteDescription({ type: "offer", sdp: other.description ?? "" });
			await pc.setLocalDescription(await pc.createAnswer());
			await this.send(await described(pc));
		}
	}

	private open(peerId: string, servers: ICEServer[]): RTCPeerConnection {
		this.close();
		this.peerId = peerId;
		const pc = new RTCPeerConnection({ iceServers: servers });
		this.pc = pc;
		for (const track of this.stream.getTracks()) pc.addTrack(track, this.stream);
		// A doctor without a camera wants to see the patient nevertheless.
		if (this.isDoctor && this.stream.getVideoTracks().length === 0)
			pc.addTransceiver("video", { direction: "recvonly" });
		pc.ontrack = (event) => this.pc === pc && this.on.remote(event.streams[0] ?? new MediaStream([event.track]));
		// It closes at once when the other side leaves; the connection would notice after a while.
		pc.createDataChannel("presence", { negotiated: true, id: 0 }).onclose = () => this.again(pc);
		pc.onconnectionstatechange = () => {
			clearTimeout(this.lostTimer);
			if (pc.connectionState === "connected") this.on.state("connected");
			else if (pc.connectionState === "failed") this.again(pc);
			else if (pc.connectionState === "disconnected")
				this.lostTimer = setTimeout(() => this.again(pc), lostAfter);
		};
		return pc;
	}

	/** Waits for the other side anew, unless another connection has taken this one's place. */
	private again(pc: RTCPeerConnection): void {
		if (this.isStopped || this.pc !== pc) return;
		this.close();
		this.clientId = crypto.randomUUID();
		this.on.remote(null);
		this.on.state("waiting");
		void this.sync();
	}
}

/** Returns the description of this side once the ways to it are known. */
async function described(pc: RTCPeerConnection): Promise<string> {
	if (pc.iceGatheringState !== "complete") {
		await new Promise<void>((done) => {
			setTimeout(done, gatherFor);
			pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done());
		});
	}
	return pc.localDescription?.sdp ?? "";
}
