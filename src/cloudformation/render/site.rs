//! The site: a private bucket that only the distribution before it may read. The distribution leads to
//! the HTTP API as well.

use serde_json::{Map, Value, json};

use super::{Draft, gateway, http, tags};
use crate::cloudformation::template::Resource;
use crate::cloudformation::value::{attribute, reference, text};
use crate::stack::{Bucket, Domain, Stack, Transport};

pub(super) const BUCKET: &str = "SiteBucket";
pub(super) const DISTRIBUTION: &str = "SiteDistribution";
const ACCESS: &str = "SiteAccess";
pub(super) const HEADERS: &str = "SiteHeaders";
const PAGES: &str = "SitePages";

/// CloudFront's own cache policy `Managed-CachingOptimized`: what an object's Cache-Control says.
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";

/// Sends a person who opens one of the app's own addresses to the app, as the stage `local` does.
const PAGES_CODE: &str = include_str!("pages.js");

pub(super) fn add(draft: &mut Draft<'_>, bucket: &Bucket) {
    let stack = draft.stack;
    draft.add(BUCKET, private_bucket(stack, &bucket.physical));
    draft.add(format!("{BUCKET}Policy"), bucket_policy(stack));
    draft.add(ACCESS, origin_access(stack));
    draft.add(HEADERS, headers(stack));
    draft.add(PAGES, pages(stack));
    draft.add(DISTRIBUTION, Resource::new("AWS::CloudFront::Distribution", distribution(stack)));
}

/// Every file of the site can be built again, so the bucket keeps no versions and goes with the stack.
fn private_bucket(stack: &Stack, name: &str) -> Resource {
    let encryption = json!({"SSEAlgorithm": "AES256"});
    let properties = json!({
        "BucketName": text(name),
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encryption}],
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "LifecycleConfiguration": {"Rules": [{
            "Id": "AbandonedUploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }]},
        "Tags": tags::list(stack),
    });
    Resource::new("AWS::S3::Bucket", properties).kept("Delete", "Delete")
}

fn bucket_policy(stack: &Stack) -> Resource {
    let objects = text(format!("${{{BUCKET}.Arn}}/*"));
    // A distribution is global: its ARN has an account and no region.
    let distribution = format!(
        "arn:{}:cloudfront::{}:distribution/${{{DISTRIBUTION}}}",
        stack.place.partition(),
        stack.place.account,
    );
    let read = json!({
        "Sid": "DistributionReads",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": objects,
        "Condition": {"StringEquals": {"AWS:SourceArn": text(distribution)}},
    });
    let only_tls = json!({
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [attribute(BUCKET, "Arn"), objects],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    });
    let properties = json!({
        "Bucket": reference(BUCKET),
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [read, only_tls]},
    });
    Resource::new("AWS::S3::BucketPolicy", properties)
}

fn origin_access(stack: &Stack) -> Resource {
    let config = json!({
        "Name": stack.name.physical("Site"),
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    });
    let properties = json!({"OriginAccessControlConfig": config});
    Resource::new("AWS::CloudFront::OriginAccessControl", properties)
}

fn pages(stack: &Stack) -> Resource {
    let properties = json!({
        "Name": stack.name.physical("SitePages"),
        "AutoPublish": true,
        "FunctionCode": PAGES_CODE,
        "FunctionConfig": {
            "Comment": "Opens the app at each of its own addresses",
            "Runtime": "cloudfront-js-2.0",
        },
    });
    Resource::new("AWS::CloudFront::Function", properties)
}

/// What keeps a browser safe, on every answer.
fn headers(stack: &Stack) -> Resource {
    let custom =
        |name: &str, value: &str| json!({"Header": name, "Value": value, "Override": true});
    let security = json!({
        "ContentSecurityPolicy": {
            "ContentSecurityPolicy": text(content_security_policy(stack)),
            "Override": true,
        },
        "ContentTypeOptions": {"Override": true},
        "FrameOptions": {"FrameOption": "DENY", "Override": true},
        "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": true},
        "StrictTransportSecurity": {
            "AccessControlMaxAgeSec": 63_072_000,
            "IncludeSubdomains": true,
            "Override": true,
        },
    });
    let custom = json!([
        custom("Permissions-Policy", "microphone=(self), camera=(), geolocation=()"),
        custom("Cross-Origin-Opener-Policy", "same-origin"),
        custom("Cross-Origin-Resource-Policy", "same-origin"),
    ]);
    let config = json!({
        "Name": stack.name.physical("Site"),
        "SecurityHeadersConfig": security,
        "CustomHeadersConfig": {"Items": custom},
    });
    let properties = json!({"ResponseHeadersPolicyConfig": config});
    Resource::new("AWS::CloudFront::ResponseHeadersPolicy", properties)
}

/// The app loads from its own origin only, and talks to the chat's WebSocket only; where voice goes over
/// Kinesis Video, to its signaling channels too.
fn content_security_policy(stack: &Stack) -> String {
    let url = gateway::web_socket_url(stack);
    let signaling = match stack.settings.voice.transport {
        Transport::Kinesis => " wss://*.kinesisvideo.${AWS::Region}.${AWS::URLSuffix}",
        Transport::Mesh => "",
    };
    format!(
        "default-src 'self'; connect-src 'self' {}{signaling}; img-src 'self' data:; media-src 'self' blob:; \
         worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
        origin(&url)
    )
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |path| &url[..host + path])
}

fn distribution(stack: &Stack) -> Value {
    let behaviour = json!({
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": true,
        "CachePolicyId": CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": reference(HEADERS),
        "FunctionAssociations": [{
            "EventType": "viewer-request",
            "FunctionARN": attribute(PAGES, "FunctionARN"),
        }],
    });
    let files = json!({
        "Id": "site",
        "DomainName": attribute(BUCKET, "RegionalDomainName"),
        "OriginAccessControlId": attribute(ACCESS, "Id"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    });
    let mut config = Map::from_iter([
        ("Enabled".to_owned(), json!(true)),
        ("Comment".to_owned(), json!(stack.name.physical("Site"))),
        ("DefaultRootObject".to_owned(), json!("index.html")),
        ("DefaultCacheBehavior".to_owned(), behaviour),
        ("Origins".to_owned(), json!([files])),
        ("HttpVersion".to_owned(), json!("http2and3")),
        ("IPV6Enabled".to_owned(), json!(true)),
    ]);
    if http::is_there(stack) {
        config.insert("Origins".to_owned(), json!([files, http::origin()]));
        config.insert("CacheBehaviors".to_owned(), http::behaviours(stack).into());
        config.insert("CustomErrorResponses".to_owned(), http::failures());
    }
    if let Some(Domain { name, certificate_arn }) = &stack.settings.domain {
        config.insert("Aliases".to_owned(), json!([name]));
        let certificate = json!({
            "AcmCertificateArn": certificate_arn,
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        });
        config.insert("ViewerCertificate".to_owned(), certificate);
    }
    json!({"DistributionConfig": config, "Tags": tags::list(stack)})
}

/// Where browsers find the site.
pub(super) fn url(stack: &Stack) -> String {
    match (&stack.settings.endpoints.site, &stack.settings.domain) {
        (Some(url), _) => url.clone(),
        (None, Some(domain)) => format!("https://{}", domain.name),
        (None, None) => format!("https://${{{DISTRIBUTION}.DomainName}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_a_url_without_its_path() {
        assert_eq!(origin("wss://${WebSocketApi}.example/prod"), "wss://${WebSocketApi}.example");
        assert_eq!(origin("ws://127.0.0.1:4570/_aws/x"), "ws://127.0.0.1:4570");
        assert_eq!(origin("wss://chat.example.org"), "wss://chat.example.org");
    }
}
