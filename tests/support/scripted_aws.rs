//! A scripted AWS: a real HTTP server that speaks the query protocol of CloudFormation and STS, and the
//! event streams of Live Tail, and answers from a script, made from AWS's documented answers. For states
//! that no emulator gets into.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A status and the XML inside of the action's result.
type Answer = (u16, String);

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Answer>>,
    streams: VecDeque<Vec<u8>>,
    asked: Vec<(String, String)>,
}

/// The server; it ends with the test's process.
pub struct ScriptedAws {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl ScriptedAws {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = script.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = shared.clone();
                std::thread::spawn(move || serve(stream, &script));
            }
        });
        let server = Self { port, script };
        server.answers(
            "GetCallerIdentity",
            "<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/ci</Arn><UserId>A</UserId>",
        );
        server.answers("GetTemplate", "<TemplateBody>{}</TemplateBody>");
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Adds an answer to an action; the last one is given again and again.
    pub fn answers(&self, action: &str, result: &str) {
        self.push(action, (200, result.to_owned()));
    }

    /// Adds a refusal of an action, with AWS's code and words.
    pub fn refuses(&self, action: &str, status: u16, code: &str, message: &str) {
        let error = format!(
            "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        self.push(action, (status, error));
    }

    /// Adds what a session of Live Tail sends before it ends; the last one is sent again and again, and
    /// stays open.
    pub fn streams(&self, sent: Vec<u8>) {
        self.script.lock().expect("nobody panicked").streams.push_back(sent);
    }

    /// Adds the description of the stage's stack in a status.
    pub fn stack(&self, status: &str, reason: &str) {
        let tags = [("chatctl:project", "test"), ("chatctl:stage", "prod")]
            .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"));
        self.answers(
            "DescribeStacks",
            &format!(
                "<Stacks><member><StackId>{STACK}</StackId><StackName>test-prod</StackName>\
                 <CreationTime>2026-11-21T12:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
                 <StackStatusReason>{reason}</StackStatusReason><Outputs><member>\
                 <OutputKey>WebSocketUrl</OutputKey><OutputValue>wss://a.example/prod</OutputValue>\
                 </member></Outputs><Tags>{}</Tags></member></Stacks>",
                tags.concat()
            ),
        );
    }

    /// Adds a page of events, newest first: logical id, type, status, reason.
    pub fn events(&self, events: &[(&str, &str, &str, &str)]) {
        let members: String = events
            .iter()
            .enumerate()
            .map(|(at, (logical, kind, status, reason))| {
                let physical = if *kind == STACK_TYPE { STACK } else { "physical" };
                format!(
                    "<member><StackId>{STACK}</StackId><EventId>{logical}-{status}-{}</EventId>\
                     <StackName>test-prod</StackName><LogicalResourceId>{logical}</LogicalResourceId>\
                     <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType>\
                     <Timestamp>2026-11-21T12:00:00Z</Timestamp><ResourceStatus>{status}</ResourceStatus>\
                     <ResourceStatusReason>{reason}</ResourceStatusReason>\
                     <ClientRequestToken>TOKEN</ClientRequestToken></member>",
                    events.len() - at
                )
            })
            .collect();
        self.answers("DescribeStackEvents", &format!("<StackEvents>{members}</StackEvents>"));
    }

    /// The bodies of the requests of an action.
    pub fn asked(&self, action: &str) -> Vec<String> {
        let script = self.script.lock().expect("nobody panicked");
        let same = script.asked.iter().filter(|(asked, _)| asked == action);
        same.map(|(_, body)| body.clone()).collect()
    }

    fn push(&self, action: &str, answer: Answer) {
        let mut script = self.script.lock().expect("nobody panicked");
        script.answers.entry(action.to_owned()).or_default().push_back(answer);
    }
}

/// The type of the stack itself among its events.
pub const STACK_TYPE: &str = "AWS::CloudFormation::Stack";
const STACK: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/test-prod/0a1b";

fn serve(stream: TcpStream, script: &Mutex<Script>) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some((target, body)) = request(&mut reader) {
        if let Some(operation) = target {
            return send(out, reader, script, (operation, body));
        }
        let action = field(&body, "Action").unwrap_or_default();
        let (status, result) = answer(script, &action, &body);
        let text = match status {
            200 => format!(
                "<{action}Response><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
            ),
            _ => format!("<ErrorResponse>{result}<RequestId>r</RequestId></ErrorResponse>"),
        };
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        if out.write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

/// Sends what is next, and leaves; after the last the client is waited for, who may leave as well.
fn send(
    mut out: TcpStream,
    mut reader: impl BufRead,
    script: &Mutex<Script>,
    asked: (String, String),
) {
    let (sent, is_last) = {
        let mut script = script.lock().expect("nobody panicked");
        script.asked.push(asked);
        match script.streams.len() {
            0 | 1 => (script.streams.front().cloned().unwrap_or_default(), true),
            _ => (script.streams.pop_front().unwrap_or_default(), false),
        }
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nConnection: close\r\n\r\n";
    let written = out.write_all(head.as_bytes()).and_then(|()| out.write_all(&sent));
    if written.is_ok() && is_last {
        // However it ends, the client is gone then.
        let _ = reader.read_line(&mut String::new());
    }
}

fn answer(script: &Mutex<Script>, action: &str, body: &str) -> Answer {
    let mut script = script.lock().expect("nobody panicked");
    script.asked.push((action.to_owned(), body.to_owned()));
    // The operation's events carry the token that it was begun with.
    let token = script.asked.iter().rev().find_map(|(_, body)| field(body, "ClientRequestToken"));
    let Some(answers) = script.answers.get_mut(action) else { return (200, String::new()) };
    let (status, text) = match answers.len() {
        1 => answers[0].clone(),
        _ => answers.pop_front().unwrap_or_default(),
    };
    (status, text.replace("TOKEN", &token.unwrap_or_default()))
}

/// The operation that the next request's target names, if it names one, and its body; none when the
/// client is gone.
fn request(reader: &mut impl BufRead) -> Option<(Option<String>, String)> {
    let (mut length, mut target, mut line) = (0, None, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if lower.starts_with("x-amz-target:") {
            target = line.trim().rsplit('.').next().map(str::to_owned);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((target, String::from_utf8(body).ok()?))
}

fn field(body: &str, name: &str) -> Option<String> {
    let found = body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.map(str::to_owned)
}
