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
    asked: Vec<Request>,
}

/// A request, as far as a script is about it.
#[derive(Clone)]
struct Request {
    operation: String,
    body: String,
    /// The access key that signed it.
    key: String,
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
        self.requests(action).into_iter().map(|request| request.body).collect()
    }

    /// The access keys that signed the requests of an action.
    pub fn signed(&self, action: &str) -> Vec<String> {
        self.requests(action).into_iter().map(|request| request.key).collect()
    }

    fn requests(&self, action: &str) -> Vec<Request> {
        let script = self.script.lock().expect("nobody panicked");
        script.asked.iter().filter(|request| request.operation == action).cloned().collect()
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
    while let Some((request, is_stream)) = request(&mut reader) {
        if is_stream {
            return send(out, reader, script, request);
        }
        let action = request.operation.clone();
        let (status, result) = answer(script, request);
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
fn send(mut out: TcpStream, mut reader: impl BufRead, script: &Mutex<Script>, asked: Request) {
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

fn answer(script: &Mutex<Script>, request: Request) -> Answer {
    let mut script = script.lock().expect("nobody panicked");
    let action = request.operation.clone();
    script.asked.push(request);
    // The operation's events carry the token that it was begun with.
    let token = script.asked.iter().rev().find_map(|one| field(&one.body, "ClientRequestToken"));
    let Some(answers) = script.answers.get_mut(&action) else { return (200, String::new()) };
    let (status, text) = match answers.len() {
        1 => answers[0].clone(),
        _ => answers.pop_front().unwrap_or_default(),
    };
    (status, text.replace("TOKEN", &token.unwrap_or_default()))
}

/// The next request, and whether it asks for a stream; none when the client is gone.
fn request(reader: &mut impl BufRead) -> Option<(Request, bool)> {
    let (mut length, mut target, mut key) = (0, None, String::new());
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-amz-target" => target = value.rsplit('.').next().map(str::to_owned),
            "authorization" => {
                let scope = value.split_once("Credential=").map(|(_, scope)| scope);
                key =
                    scope.and_then(|scope| scope.split('/').next()).unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let is_stream = target.is_some();
    let operation = target.or_else(|| field(&body, "Action")).unwrap_or_default();
    Some((Request { operation, body, key }, is_stream))
}

fn field(body: &str, name: &str) -> Option<String> {
    let found = body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.map(str::to_owned)
}
