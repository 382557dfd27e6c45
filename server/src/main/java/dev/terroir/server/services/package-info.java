/// Scoring services over HTTP: [ServiceResource]; [Deployments] does the jobs.
@NullMarked
package dev.terroir.server.services;

import org.jspecify.annotations.NullMarked;
