// The app decides what an address without a file shows; what a page loads is a file or missing.
function handler(event) {
  var request = event.request;
  var accept = request.headers.accept ? request.headers.accept.value : '';
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  var isPage = last.indexOf('.') === -1 && request.uri.indexOf('/assets/') !== 0;
  if (isPage && accept.indexOf('text/html') !== -1) {
    request.uri = '/index.html';
  }
  return request;
}
