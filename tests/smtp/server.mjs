// A mail server of somebody else, for the tests: smtp-server takes the mails, mailparser reads them.
// One line of JSON for everything that happens; orders come as lines of JSON by standard input:
//   {"refuse": [451, "4.7.1 later"], "at": "data", "times": 2}   answers with that, so many times
//   {"hang": 1}                                                  takes so many mails and never answers
import { createInterface } from 'node:readline';
import { SMTPServer } from 'smtp-server';
import { simpleParser } from 'mailparser';

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const options = JSON.parse(process.argv[2] ?? '{}');
const plans = [];
let hang = 0;

/** The error that a plan wants here, if any. */
function planned(at) {
    const plan = plans.find((plan) => plan.at === at && plan.times > 0);
    if (!plan) return null;
    plan.times -= 1;
    const [code, text] = plan.refuse;
    say({ refused: code });
    return Object.assign(new Error(text), { responseCode: code });
}

const server = new SMTPServer({
    secure: false,
    authOptional: !options.user,
    allowInsecureAuth: true,
    disabledCommands: options.user ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    logger: false,
    onAuth({ username, password }, _session, done) {
        const right = username === options.user && password === options.password;
        say({ auth: right });
        done(right ? null : Object.assign(new Error('5.7.8 no'), { responseCode: 535 }), { user: username });
    },
    onRcptTo(address, _session, done) {
        const error = planned('rcpt');
        if (error) error.message = error.message.replace('ADDRESS', address.address);
        done(error);
    },
    onData(stream, session, done) {
        const pieces = [];
        stream.on('data', (piece) => pieces.push(piece));
        stream.on('end', async () => {
            const error = planned('data');
            if (error) return done(error);
            const raw = Buffer.concat(pieces);
            const mail = await simpleParser(raw);
            const { mailFrom, rcptTo } = session.envelope;
            say({
                mail: {
                    envelope: { from: mailFrom.address, to: rcptTo.map((to) => to.address) },
                    subject: mail.subject, text: mail.text, html: mail.html,
                    from: mail.from?.value, to: mail.to?.value, reply_to: mail.replyTo?.value ?? null,
                    message_id: mail.messageId, date: mail.date,
                    headers: mail.headerLines.map(({ key }) => key),
                    raw: raw.toString(),
                },
            });
            if (hang > 0) { hang -= 1; return; }
            done(null);
        });
    },
});
server.on('error', () => {});
server.listen(options.port ?? 0, '127.0.0.1', () => say({ port: server.server.address().port }));

createInterface({ input: process.stdin }).on('line', (line) => {
    const order = JSON.parse(line);
    if (order.refuse) plans.push({ at: 'data', times: 1, ...order });
    if (order.hang) hang += order.hang;
    say({ heard: true });
}).on('close', () => process.exit(0));
