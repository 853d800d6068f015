%% What this broker says of itself, as one JSON object on standard output: {"state": "ready", ...}.
%% Evaluated inside the running broker by erl_call(1): milliseconds, where rabbitmqctl starts a whole Erlang VM.
%% Until the broker is ready nothing but its boot state may be asked: most functions of RabbitMQ 3.10 load the
%% feature flags on first use, and a caller that does so while the broker boots deadlocks the boot for good.
case rabbit_boot_state:get() of
    ready ->
        Running = rabbit_nodes:all_running(),
        Members = rabbit_nodes:all(),
        Queues = [Q || Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue],
        Serving = [Replica || {Replica, State} <- ets:tab2list(ra_state),
                              State =:= leader orelse State =:= follower],
        Label = fun(Q) ->
                    {resource, Vhost, _, Name} = amqqueue:get_name(Q),
                    <<Vhost/binary, " ", Name/binary>>
                end,
        Replicas = fun(Q) -> maps:get(nodes, amqqueue:get_type_state(Q)) end,
        Local = fun(Q) -> element(1, amqqueue:get_pid(Q)) end,
        Wanted = application:get_env(rabbit, quorum_cluster_size, 3),
        Incomplete = [Label(Q) || Q <- Queues, length(Replicas(Q)) < min(Wanted, length(Members))],
        Silent = [Label(Q) || Q <- Queues, lists:member(node(), Replicas(Q)), not lists:member(Local(Q), Serving)],
        Led = [Q || Q <- Queues, element(2, amqqueue:get_pid(Q)) =:= node()],
        io:put_chars(rabbit_json:encode(#{
            state => ready, cluster => rabbit_nodes:cluster_name(), members => Members, running => Running,
            partitions => rabbit_node_monitor:partitions(),
            alarms => [iolist_to_binary(io_lib:format("~p", [Alarm])) || Alarm <- rabbit_alarm:get_alarms()],
            quorum_queues => length(Queues), leads => length(Led),
            incomplete => lists:sublist(lists:sort(Incomplete), 20),
            silent => lists:sublist(lists:sort(Silent), 20),
            guest => rabbit_auth_backend_internal:exists(<<"guest">>)}));
    Other ->
        io:format("{\"state\": \"~s\"}", [Other])
end.
