import { useEffect, useRef, useState } from "preact/hooks";
import { loadPart } from "../../api/call";
import type { Doctor } from "../../api/operations";
import { Later } from "../../parts/later";
import { useUser } from "../../session";
import type { JoinForm } from "../waitlist";
import { text } from "./text";

/** Joining the waitlist of a doctor: open at once when nothing is free. */
export function JoinWaitlist({ doctor }: { doctor: Doctor }) {
	const user = useUser();
	const [isIn, setIn] = useState(false);
	const [isOpen, setOpen] = useState(!doctor.nextFreeSlot);
	const done = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (isIn) done.current?.focus();
	}, [isIn]);
	if (user && user.role !== "PATIENT") return null;
	if (isIn) {
		return (
			<div class="note" ref={done} tabIndex={-1}>
				<p>{text.joined}</p>
				<p>
					<a href="/waitlist">{text.toWaitlist}</a>
				</p>
			</div>
		);
	}
	return (
		<details class="card" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
			<summary>{text.waitTitle}</summary>
			<p>{text.waitHint}</p>
			{user ? (
				isOpen && <Later load={loadForm} props={{ doctor, done: () => setIn(true) }} />
			) : (
				<p>
					<a class="button" href={`/sign-in?next=${encodeURIComponent("/doctors/" + doctor.id)}`}>
						{text.signInToWait}
					</a>
				</p>
			)}
		</details>
	);
}

async function loadForm(): Promise<typeof JoinForm> {
	return (await loadPart(() => import("../waitlist"))).JoinForm;
}
