import { Title } from "../../app";
import { t } from "../../text";
import { CopyButton } from "../../parts/copy";
import { text } from "./text";

/** The recovery codes, shown once, alone on their page: so that they print alone too. */
export function RecoveryCodes({ codes, done }: { codes: string[]; done: () => void }) {
	const own = text.codes;
	return (
		<div class="narrow">
			<Title text={own.title} />
			<p>{own.what}</p>
			<ul class="codes">
				{codes.map((code) => (
					<li key={code}>
						<code>{code}</code>
					</li>
				))}
			</ul>
			<p>{own.keep}</p>
			<div class="actions">
				<CopyButton value={codes.join("\n")} label={own.copy} failed={text.copyByHand} />
				<button type="button" onClick={() => print()} aria-label={own.print}>
					{t.print}
				</button>
				<button type="button" class="primary" onClick={done}>
					{own.stored}
				</button>
			</div>
		</div>
	);
}
