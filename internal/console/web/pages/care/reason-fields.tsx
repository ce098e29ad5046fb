import { call, isProblem } from "../../api/call";
import { giveConsent, type Notice, type NoticeList } from "../../api/operations";
import { Checkbox, TextArea } from "../../parts/form";
import { language } from "../../text/language";
import { readDraft, saveDraft } from "./draft";
import { text } from "./text";

/** Returns the consents that a booking needs and that are missing. */
export function missingOf({ items }: NoticeList): Notice[] {
	return items.filter((n) => n.required && !n.givenAt);
}

/** Gives the consents that were ticked. The key makes each of them once. */
export async function giveConsents(missing: Notice[], key: string): Promise<void> {
	for (const { purpose, noticeVersion } of missing) {
		await call(giveConsent, {}, { purpose, noticeVersion, language }, { idempotencyKey: `${key}-${purpose}` });
	}
}

export function isAboutConsent(error: unknown): boolean {
	return isProblem(error, "consent-required", "notice-outdated");
}

/** Why somebody comes, and the consents that are missing. */
export function ReasonFields({ missing }: { missing: Notice[] }) {
	return (
		<>
			<TextArea
				name="reason"
				label={text.reason}
				hint={`${text.reasonHint} ${text.emergency}`}
				required
				rows={3}
				maxLength={2000}
				initial={readDraft().reason}
				onInput={(event) => saveDraft({ reason: (event.currentTarget as HTMLTextAreaElement).value })}
			/>
			{missing.map((notice) => (
				<div key={notice.purpose + notice.noticeVersion}>
					<Checkbox name={"consent-" + notice.purpose} label={notice.title} required />
					<details class="notice">
						<summary aria-label={`${text.readNotice}: ${notice.title}`}>{text.readNotice}</summary>
						<div class="text" tabIndex={0} role="region" aria-label={notice.title}>
							{notice.text}
						</div>
					</details>
				</div>
			))}
		</>
	);
}
