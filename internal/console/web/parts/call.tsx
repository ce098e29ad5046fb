// Where the video call of a visit is on its page. The call itself is loaded when there can be one.

import { useState } from "preact/hooks";
import { loadPart } from "../api/call";
import type { Consultation } from "../api/operations";
import type { VideoCall } from "../pages/call";
import { Later } from "./later";
import { useNow } from "./now";

interface CallPartProps {
	visit: Consultation;
	isDoctor: boolean;
	/** The name of the other side. */
	name: string;
}

/** The call, from shortly before the visit until its end; a user who has joined stays in it until they leave. */
export function CallPart({ visit, isDoctor, name }: CallPartProps) {
	const now = useNow(10_000);
	const [isJoined, setJoined] = useState(false);
	const isOpen =
		visit.status === "IN_PROGRESS" ||
		(visit.status === "CONFIRMED" && now >= Date.parse(visit.startableFrom) && now <= Date.parse(visit.endTime));
	return isOpen || isJoined ? (
		<Later load={loadCall} props={{ visit: visit.id, isDoctor, name, joined: setJoined }} />
	) : null;
}

async function loadCall(): Promise<typeof VideoCall> {
	return (await loadPart(() => import("../pages/call"))).VideoCall;
}
