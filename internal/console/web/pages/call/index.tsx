// The video call of a visit, on the visit's page: so the doctor writes notes meanwhile.

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { announce } from "../../parts/announce";
import { Refusal } from "../../parts/refusal";
import { loadText } from "../../text";
import { Connection, type CallState } from "./connection";
import { text } from "./text";
// It is there before: naming it here keeps what all pages share in one file, which is smaller than two.
import "../../app";

export const load = (): Promise<void> => loadText("call", text);

interface VideoCallProps {
	visit: string;
	isDoctor: boolean;
	/** The name of the other side. */
	name: string;
	/** Told when this side joins and leaves. */
	joined: (isJoined: boolean) => void;
}

export function VideoCall({ visit, isDoctor, name, joined }: VideoCallProps) {
	const [stream, setStream] = useState<MediaStream | null>(null);
	const [isStarting, setStarting] = useState(false);
	const [fault, setFault] = useState("");
	const heading = useRef<HTMLHeadingElement>(null);
	const isGone = useRef(false);
	useEffect(() => () => void (isGone.current = true), []);
	const join = async (): Promise<void> => {
		if (isStarting) return;
		setStarting(true);
		setFault("");
		try {
			const opened = await openDevices();
			if (isGone.current) return end(opened);
			setStream(opened);
			joined(true);
			heading.current?.focus();
		} catch (error) {
			setFault(faultOf(error));
		} finally {
			setStarting(false);
		}
	};
	const leave = (): void => {
		setStream(null);
		joined(false);
		announce(text.left);
		heading.current?.focus();
	};
	return (
		<section aria-labelledby="call">
			<h2 id="call" ref={heading} tabIndex={-1}>
				{text.title}
			</h2>
			{stream ? (
				<Joined visit={visit} isDoctor={isDoctor} name={name} stream={stream} leave={leave} />
			) : (
				<>
					<p class="hint">{text.hint(name)}</p>
					<p>
						<button type="button" class="primary" aria-disabled={isStarting} onClick={() => void join()}>
							{text.join}
						</button>
					</p>
					{isStarting && <p role="status">{text.starting}</p>}
					{fault && (
						<p class="refusal" role="alert">
							{fault}
						</p>
					)}
				</>
			)}
		</section>
	);
}

/** Opens the microphone and, where there is one, the camera. */
async function openDevices(): Promise<MediaStream> {
	if (!("RTCPeerConnection" in window) || !("mediaDevices" in navigator)) throw new Error(text.unsupported);
	try {
		return await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 640 } } });
	} catch {
		return await navigator.mediaDevices.getUserMedia({ audio: true });
	}
}

function end(stream: MediaStream): void {
	for (const track of stream.getTracks()) track.stop();
}

function faultOf(error: unknown): string {
	const name = error instanceof DOMException ? error.name : "";
	if (name === "NotAllowedError" || name === "SecurityError") return text.denied;
	if (name === "NotReadableError" || name === "AbortError") return text.inUse;
	if (name !== "") return text.noMicrophone;
	return error instanceof Error ? error.message : text.unsupported;
}

interface JoinedProps {
	visit: string;
	isDoctor: boolean;
	name: string;
	stream: MediaStream;
	leave: () => void;
}

function Joined({ visit, isDoctor, name, stream, leave }: JoinedProps) {
	const [state, setState] = useState<CallState>("waiting");
	const [remote, setRemote] = useState<MediaStream | null>(null);
	const [error, setError] = useState<unknown>(null);
	const picture = useRef<HTMLVideoElement>(null);
	useEffect(() => {
		const connection = new Connection(visit, isDoctor, stream, {
			state: setState,
			remote: setRemote,
			error: setError,
		});
		return () => {
			connection.stop();
			end(stream);
		};
	}, [visit, stream]);
	return (
		<>
			<div class="call">
				{remote && <Video stream={remote} label={text.remoteVideo(name)} element={picture} />}
				{stream.getVideoTracks().length > 0 && (
					<Video stream={stream} label={text.localVideo} isOwn isAlone={!remote} />
				)}
			</div>
			<p role="status">{state === "over" ? text.over : text[state](name)}</p>
			{stream.getVideoTracks().length === 0 && <p class="hint">{text.noCamera}</p>}
			{error !== null && <Refusal error={error} />}
			<div class="actions">
				<Switch tracks={stream.getAudioTracks()} off={text.mute} on={text.unmute} />
				<Switch tracks={stream.getVideoTracks()} off={text.hide} on={text.show} />
				{remote && document.pictureInPictureEnabled && (
					<button type="button" onClick={() => void float(picture.current)}>
						{text.float}
					</button>
				)}
				<button type="button" class="danger" onClick={leave}>
					{text.leave}
				</button>
			</div>
		</>
	);
}

/** Shows a picture above all windows, so that it stays in sight while the page scrolls; or in its place again. */
async function float(picture: HTMLVideoElement | null): Promise<void> {
	try {
		if (document.pictureInPictureElement) await document.exitPictureInPicture();
		else await picture?.requestPictureInPicture();
	} catch {
		announce(text.notFloating);
	}
}

interface VideoProps {
	stream: MediaStream;
	label: string;
	element?: RefObject<HTMLVideoElement | null>;
	/** One's own picture: mirrored, without sound, small beside the other one. */
	isOwn?: boolean;
	isAlone?: boolean;
}

function Video({ stream, label, element, isOwn = false, isAlone = false }: VideoProps) {
	const own = useRef<HTMLVideoElement>(null);
	const video = element ?? own;
	useEffect(() => {
		if (video.current) video.current.srcObject = stream;
	}, [stream]);
	return (
		<video
			ref={video}
			class={isOwn ? (isAlone ? "own alone" : "own") : ""}
			aria-label={label}
			muted={isOwn}
			autoplay
			playsInline
		/>
	);
}

/** A button that turns tracks off and on. */
function Switch({ tracks, off, on }: { tracks: MediaStreamTrack[]; off: string; on: string }) {
	const [isOn, setOn] = useState(true);
	if (tracks.length === 0) return null;
	const change = (): void => {
		for (const track of tracks) track.enabled = !isOn;
		setOn(!isOn);
	};
	return (
		<button type="button" onClick={change}>
			{isOn ? off : on}
		</button>
	);
}
