// The page for visitors: what this is, find a doctor, sign in.

import { Title } from "../../app";
import { useUser } from "../../session";
import { loadText, t } from "../../text";
import type { home } from "../../text/en/home";

const text = {} as typeof home;

export const load = (): Promise<void> => loadText("home", text);

function Home() {
	const user = useUser();
	return (
		<>
			<section class="hero">
				<Title text={text.title} />
				<p class="lead">{text.lead}</p>
				<p class="actions">
					<a class="button primary" href="/doctors">
						{text.find}
					</a>
					{!user && (
						<a class="button" href="/sign-in">
							{t.signIn}
						</a>
					)}
				</p>
			</section>
			<section aria-labelledby="steps">
				<h2 id="steps">{text.steps}</h2>
				<ol class="cards">
					<li class="card">
						<h3>{text.step1}</h3>
						<p>{text.step1Text}</p>
					</li>
					<li class="card">
						<h3>{text.step2}</h3>
						<p>{text.step2Text}</p>
					</li>
					<li class="card">
						<h3>{text.step3}</h3>
						<p>{text.step3Text}</p>
					</li>
				</ol>
			</section>
			<section class="cards">
				<div class="card">
					<h2>{text.safe}</h2>
					<p>{text.safeText}</p>
				</div>
				<div class="card">
					<h2>{text.doctor}</h2>
					<p>{text.doctorText}</p>
					<p>
						<a href="/sign-up">{text.doctorJoin}</a>
					</p>
				</div>
			</section>
			<footer class="small">
				<a href="/docs/">{text.develop}</a>
			</footer>
		</>
	);
}

export const pages = { Home };
