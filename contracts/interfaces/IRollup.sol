// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollupTypes} from "./IRollupTypes.sol";

/// @title Rollup: transactions bundled on the chain, their result asserted, every lie provable by anybody
/// @notice Three parts in one immutable contract. The *inbox* orders data (blobs or calldata) and the *queue* of
/// deposits and forced operations that nobody can leave out. *Assertions* say what the data results in: they stand after
/// a window unless somebody proves one segment of one of them wrong. The *vault* holds the money and pays withdrawals of
/// final assertions. Data is never undone: a wrong assertion is dropped, the next one starts from the same place.
/// @dev Nobody owns it; it has no proxy, no pause and no fee. The sequencer only has the first turn to post.
/// @custom:security Money leaves only (1) by a withdrawal under a final assertion, once each (`claim`); (2) once the
/// rollup is frozen, because something waited for `freezeAfter` in vain, by a balance under the last final assertion, once
/// each (`escape`), or by a deposit that it has not consumed (`refund`).
interface IRollup is IRollupTypes {
    // ------------------------------------------------------------------------------------------------------ Inbox

    /// @notice Add frames in calldata: 32 a second by the sequencer, 8 by all others together, an hour of it at once at
    /// most, so that whoever judges them keeps up (`PostingTooFast`). Two entries a second are as good as one: `expectedAcc` ties it to its place.
    /// @param expectedAcc accumulator of the last entry
    /// @param data frames of 496 bytes; the last is filled up with zeros
    /// @param queueEnd consume the queue to there: to its end, or to a multiple of 256. 2^32 - 1 is its end wherever
    /// that is when the call arrives, or as far as one entry reaches
    function postCalldata(bytes32 expectedAcc, bytes calldata data, uint256 queueEnd) external;

    /// @notice Add frames in the transaction's blobs, 256 in each.
    /// @param frames how many of them mean something
    function postBlobs(bytes32 expectedAcc, uint256 frames, uint256 queueEnd) external;

    /// @notice Consume the queue without adding data: for anybody, once it is overdue.
    function forceInclude(bytes32 expectedAcc, uint256 queueEnd) external;

    /// @notice Queue an operation: a transfer to account `to`, or with `withdraws` a withdrawal to address `to`.
    /// @param scheme 0 the caller's own, 1 ECDSA, 2 BLS
    function force(
        uint8 scheme,
        uint32 account,
        uint16 token,
        uint128 amount,
        bool withdraws,
        address to,
        bytes calldata signature
    ) external;

    /// @notice The accumulator after entry `index`; zero is before the first.
    function accs(uint256 index) external view returns (bytes32);

    /// @notice Entries, their segments, consumed queue items, time of the last entry, oldest waiting queue item.
    function inbox()
        external
        view
        returns (uint256 items, uint256 segments, uint256 queueConsumed, uint256 lastTime, uint256 pendingSince);

    /// @notice The queue's accumulator and length.
    function queue() external view returns (bytes28 acc, uint256 length);

    /// @notice The queue's accumulator after `count` items, a multiple of 256, and when the last of them came.
    function checkpoints(uint256 count) external view returns (bytes28 acc, uint256 time);

    // ------------------------------------------------------------------------------------------------- Assertions

    /// @notice Assert what entries up to `inboxEnd` result in. Needs free bond.
    /// @param parent what it goes on from: the last final assertion, or one that covers more
    /// @param last the last entry covered
    /// @param root the state root after it
    /// @param roots the roots after each segment, 31 bytes each; empty: they are in the transaction's first blob
    function propose(Claim calldata parent, Item calldata last, uint64 inboxEnd, bytes32 root, bytes calldata roots)
        external
        payable;

    /// @notice Make an assertion final after its window, once its parent is. The last final one is that which covers most.
    /// @dev Two right assertions with one parent both become final: nobody is held up by a truth that covers less. In
    /// frozen mode nothing becomes final any more, but bonds come back.
    function finalize(Claim calldata claimed) external;

    /// @notice Announce a proof, so that nobody can take it: `keccak256(abi.encode(msg.sender, id, judge, proofHash))`.
    function commitChallenge(bytes32 commitment) external;

    /// @notice Prove an assertion wrong. Pays half of its bond.
    function challenge(Claim calldata claimed, Claim calldata parent, uint256 judge, bytes calldata proof) external;

    /// @notice Drop an assertion whose parent is invalid. Pays half of its bond.
    function discard(Claim calldata claimed, Claim calldata parent) external;

    /// @notice Add bond money.
    function addBond() external payable;

    /// @notice Take free bond money back.
    function takeBond(uint256 amount) external;

    /// @notice Who proposed an assertion, when, and how it stands.
    function assertion(bytes32 id) external view returns (address proposer, uint256 createdAt, Status status);

    /// @notice The last final assertion and when it became so.
    function finality() external view returns (bytes32 id, uint256 time);

    // ------------------------------------------------------------------------------------------------------ Vault

    /// @notice Give a token its id. Anybody may, for `tokenPrice()`, exactly; it stays in the contract for ever.
    function registerToken(address token) external payable returns (uint16 id);

    /// @notice What the next token costs: 1/64 of the bond, twice as much after every 4,096 tokens. Whoever takes all
    /// numbers pays some 4,000 bonds for each of the last 4,096.
    function tokenPrice() external view returns (uint256);

    /// @notice Pay in, to account `to` of `owner`, or (zero) to a new account of the address `owner`.
    function deposit(uint16 token, uint128 amount, bytes32 owner, uint32 to) external payable;

    /// @notice Pay a withdrawal of a final assertion to its owner.
    /// @param path siblings from the bottom up; those at the top that are roots of empty trees may be left out
    function claim(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) external;

    /// @notice Give a withdrawal that is not paid yet to somebody else, under a claim that is or can become final.
    /// @dev Safe to pay for only under a claim whose root the buyer has computed, and which can become final before
    /// anybody could freeze the rollup: else the seller escapes with the same money. See the specification.
    function transferClaim(
        Claim calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to
    ) external;

    /// @notice The same by the signature of the withdrawal's target, key or contract (ERC-1271), for whom anybody pays
    /// the gas. Only as long as nobody else owns it: so a signature serves once.
    /// @param signature over `TransferClaim(uint256 number,bytes32 leaf,address to,uint48 validUntil)` (EIP-712)
    function transferClaimBySig(
        Claim calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to,
        uint48 validUntil,
        bytes calldata signature
    ) external;

    /// @notice To whom a withdrawal was given last; zero when it still is its target's.
    /// @param number counted from the beginning
    /// @param leaf keccak256 of target, token and amount
    function claimOwner(uint256 number, bytes32 leaf) external view returns (address);

    /// @notice The address of a token id; zero for ether.
    function tokenOf(uint256 id) external view returns (address);

    // ---------------------------------------------------------------------------------------------------- Freezing

    /// @notice Freeze the rollup, for ever, when something waits for too long: the queue to be consumed, or the first
    /// entry after the last final assertion to become final. A rollup that nobody uses cannot be frozen.
    /// @param next that entry; ignored when it is the queue that waits
    function freeze(Claim calldata final_, Item calldata next) external;

    /// @notice In frozen mode: pay the balance of an address's account under the last final state.
    function escape(
        Claim calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path
    ) external;

    /// @notice In frozen mode: pay the balance of a BLS key's account to where the key says.
    /// @param to the key signed `Escape(uint32 account,address to)` (EIP-712) for it
    /// @param proof key, signature and the hint for reading it, see `IVoice`
    function escapeTo(
        Claim calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path,
        address to,
        bytes calldata proof
    ) external;

    /// @notice In frozen mode: pay back a deposit that the last final state has not consumed.
    /// @param index which queue item
    /// @param before the queue's accumulator before it
    /// @param raw the item
    /// @param later hashes of the items after it, up to a checkpoint or the end of the queue
    function refund(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        bytes28 before,
        bytes calldata raw,
        bytes32[] calldata later
    ) external;
}
