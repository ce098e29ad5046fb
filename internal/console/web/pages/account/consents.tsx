import { useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { giveConsent, listConsents, withdrawConsent, type Notice } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { ActionButton, Form } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import { language } from "../../text/language";
import { focusOn } from "../../parts/focus";
import { text } from "./text";

/** The notices, and what the patient agrees to. */
export function Consents() {
	const own = text.consents;
	const loaded = useLoad(listConsents, { language });
	const [leaving, setLeaving] = useState<Notice | null>(null);
	const changed = (said: string): void => {
		setLeaving(null);
		loaded.reload();
		announce(said);
		focusOn("consents");
	};
	return (
		<section aria-labelledby="consents">
			<h2 id="consents" tabIndex={-1}>
				{own.title}
			</h2>
			<p>{own.what}</p>
			<Show loaded={loaded}>
				{({ items }) => (
					<ul class="list">
						{items.map((notice) => (
							<Consent
								key={notice.purpose}
								notice={notice}
								changed={changed}
								reload={loaded.reload}
								withdraw={() => setLeaving(notice)}
							/>
						))}
					</ul>
				)}
			</Show>
			{leaving && (
				<Dialog title={own.withdrawOne(leaving.title)} close={() => setLeaving(null)}>
					<p>{own.means[leaving.purpose]}</p>
					<Form
						action={own.withdraw}
						danger
						submit={async (_, key) => {
							await call(withdrawConsent, { purpose: leaving.purpose }, undefined, {
								idempotencyKey: key,
							});
							changed(own.withdrawn);
						}}
					>
						{null}
					</Form>
				</Dialog>
			)}
		</section>
	);
}

interface ConsentProps {
	notice: Notice;
	changed: (said: string) => void;
	reload: () => void;
	withdraw: () => void;
}

function Consent({ notice, changed, reload, withdraw }: ConsentProps) {
	const own = text.consents;
	const give = async (key: string): Promise<void> => {
		const body = { purpose: notice.purpose, noticeVersion: notice.noticeVersion, language };
		try {
			await call(giveConsent, {}, body, { idempotencyKey: key });
		} catch (error) {
			if (isProblem(error, "notice-outdated")) reload();
			throw error;
		}
		changed(own.given);
	};
	return (
		<li class="card">
			<h3>{notice.title}</h3>
			<p>
				<span class={notice.givenAt ? "status confirmed" : "status"}>
					{notice.givenAt ? own.agreed : own.notAgreed}
				</span>{" "}
				{notice.givenAt && (
					<>
						{own.since} <Time at={notice.givenAt} />
					</>
				)}
			</p>
			<p class="small">{notice.required ? own.required : own.free}</p>
			<details>
				<summary>
					{own.read}
					<span class="hidden">: {notice.title}</span>
				</summary>
				<p class="text">{notice.text}</p>
			</details>
			<div class="actions">
				{notice.givenAt ? (
					<button type="button" aria-label={own.withdrawOne(notice.title)} onClick={withdraw}>
						{own.withdraw}
					</button>
				) : (
					<ActionButton
						text={own.agree}
						label={own.agreeOne(notice.title)}
						own={{ "notice-outdated": own.outdated }}
						run={give}
					/>
				)}
			</div>
		</li>
	);
}
