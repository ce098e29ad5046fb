// Where the video call of a visit is on its page. The call itself is loaded when there can be one.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Consultation } from "../api/operations";
import type { VideoCallProps } from "../pages/call";
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
	const [loaded, setLoaded] = useState<{ View: ComponentType<VideoCallProps> } | null>(null);
	const isOpen =
		visit.status === "IN_PROGRESS" ||
		(visit.status === "CONFIRMED" && now >= Date.parse(visit.startableFrom) && now <= Date.parse(visit.endTime));
	const isShown = isOpen || isJoined;
	useEffect(() => {
		if (!isShown || loaded) return;
		let isGone = false;
		void import("../pages/call").then(async (module) => {
			await module.load();
			if (!isGone) setLoaded({ View: module.VideoCall });
		});
		return () => {
			isGone = true;
		};
	}, [isShown]);
	return isShown && loaded ? (
		<loaded.View visit={visit.id} isDoctor={isDoctor} name={name} joined={setJoined} />
	) : null;
}
