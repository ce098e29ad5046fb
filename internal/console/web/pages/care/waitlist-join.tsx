import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { loadFiles } from "../../api/call";
import type { Doctor } from "../../api/operations";
import { Loading, loadAnew } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { useUser } from "../../session";
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
				isOpen && <Join doctor={doctor} done={() => setIn(true)} />
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

interface JoinProps {
	doctor: Doctor;
	done: () => void;
}

/** The form, which is loaded when somebody wants it. */
function Join({ doctor, done }: JoinProps) {
	const [loaded, setLoaded] = useState<{ form: ComponentType<JoinProps> } | null>(null);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => {
		loadFiles(async () => {
			const area = await import("../waitlist");
			await area.load();
			setLoaded({ form: area.JoinForm });
		}).catch(setError);
	}, []);
	if (error) return <Refusal error={error} retry={loadAnew} />;
	if (!loaded) return <Loading />;
	return <loaded.form doctor={doctor} done={done} />;
}
